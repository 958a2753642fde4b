# ruff: noqa: E501
"""What has to be filtered, and what has to stay readable, as lists.

They were written before the rules that have to meet them. Of each list, every second entry was
held back until the rules were done (`HELD_OUT`). A `~` keeps scanners from taking the secrets for
real ones; it is not part of them.
"""

import json
from typing import Any, Final

# One name a word; `+` stands for a blank. The value is a password like any other.
_NAMES: Final = """
    password Password user_password passwd db_passwd pass dbpass db_pass dbPass userpass pwd pswd
    MYSQL_PWD passphrase passPhrase pass-code passcode secret client_secret clientSecret SECRET_KEY
    django_secret_key api_key apikey apiKey API-KEY x-api-key access_key accessKeyId
    secret_access_key AccountKey private_key privateKeyPem ssh_key deploy_key signing_key
    encryption.key master_key service_role_key token accessToken access_token refresh_token id_token
    authToken csrf_token csrfmiddlewaretoken xsrf bot_token device_token credential credentials cred
    creds authorization Authorization Proxy-Authorization auth oauth basic_auth bearer jwt cookie
    Set-Cookie cookies session_id sessionid sessionId session_token session_key sid connect.sid
    PHPSESSID JSESSIONID otp totp otp_code sms_code pin pincode pin_code userPin cvv cvc cvc2
    security_code card_number cardNo cardNumber credit_card ccnum iban account_number accountNo
    bank_account ssn social_security_number rrn resident_registration_number passport_number
    driver_license recovery_code recoveryCodes backup_codes verification_code auth_code 2fa_code
    mfa_secret mnemonic seed_phrase seedPhrase conn_str connection_string ConnectionString
    database_url DATABASE_URL db-url redis_url SENTRY_DSN webhook_secret webhook_url signature
    x-hub-signature-256 hmac password_hash passwordHash password_salt hashed_password new_password
    password2 old_password_again confirmPassword 암호 패스워드 비밀번호 새비밀번호 비번 인증번호
    주민번호 주민등록번호 카드번호 계좌번호 여권번호 contraseña mot_de_passe motDePasse passwort
    senha пароль 密码 パスワード user[password] login.password db.params db.query.parameter.0
    input_value ip_address x_forwarded_for X-Forwarded-For x_real_ip remote_addr client_ip
    private+key license_key unlock_pin temp_pw
    \uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44
"""

# A shape is secret wherever it stands: no name tells of it.
_SHAPES: Final = """
    eyJ~hbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.not-signed
    AKI~AIOSFODNN7EXAMPLE
    ASI~AIOSFODNN7EXAMPLE
    gh~p_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeT
    github_~pat_11ABCDEFG0abcdefghijkl_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234
    glpat~-xY3kQ9zR7tW2vB5nM8cL
    glrt~-xY3kQ9zR7tW2vB5nM8cL
    AIz~aSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q
    ya29~.a0AfH6SMBxY3kQ9zR7tW2vB5nM8cL
    GOCSPX~-xY3kQ9zR7tW2vB5nM8cL1dF4gH6j
    hf~_xYkQzRtWvBnMcLdFgHjKsPaQeTuIoZxCvBn
    npm~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeT
    sk-proj~-xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0s
    sk-ant~-api03-xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0s
    pypi~-AgEIcHlwaS5vcmcCJDNjYTY0ZTAtxY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeT
    rubygems~_0123456789abcdef0123456789abcdef0123456789abcdef
    SG~.xY3kQ9zR7tW2vB5nM8cL1d.F4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2vB5nM8cL
    sntrys~_eyJpYXQiOjE2ODcabcdefghijklmnop_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCv
    sntryu~_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    xoxb~-123456789012-1234567890123-xY3kQ9zR7tW2vB5nM8cL1dF4
    xapp~-1-A0123456789-1234567890123-0123456789abcdef0123456789abcdef
    https://hooks.slack.com/~services/T01234567/B01234567/xY3kQ9zR7tW2vB5nM8cL1dF4
    https://discord.com/api/~webhooks/123456789012345678/xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2vB5nM8cL1dF4gH6
    https://acme.webhook.office.com/~webhookb2/01234567-89ab-cdef-0123-456789abcdef@01234567-89ab-cdef-0123-456789abcdef/IncomingWebhook/0123456789abcdef0123456789abcdef/01234567-89ab-cdef-0123-456789abcdef
    MTA1NDQ4OTk5MjUxMDUxMzE5Mg~.GxYz12.xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuI
    123456789:~AAHxY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sP
    sk_live~_xY3kQ9zR7tW2vB5nM8cL1dF4
    rk_test~_xY3kQ9zR7tW2vB5nM8cL1dF4
    whsec~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sP
    live_sk~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6j
    test_gsk~_docs_OaPz8L5KdmQXkzRz3y47BMw6
    sq0atp~-xY3kQ9zR7tW2vB5nM8cL1d
    sq0csp~-xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCv
    EAAAE~xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2
    access_token$~production$x0lb0jor2wh9jjbg$0123456789abcdef0123456789abcdef
    hvs~.CAESIJxY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIo12
    s.~xY3kQ9zR7tW2vB5nM8cL1dF4
    dop_v1~_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    LTAI~5tQ9zR7tW2vB5nM8cL1d
    dapi~0123456789abcdef0123456789abcdef
    HRKU~-AAxY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2vB
    fo1~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCv
    v1.0~-0123456789abcdef01234567-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01
    nfp~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeT
    vcp~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7t
    sbp~_0123456789abcdef0123456789abcdef01234567
    lin_api~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZ
    ntn~_12345678901xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQe
    shpat~_0123456789abcdef0123456789abcdef
    SK~0123456789abcdef0123456789abcdef
    key~-0123456789abcdef0123456789abcdef
    0123456789abcdef0123456789abcdef~-us12
    PMAK~-0123456789abcdef01234567-0123456789abcdef0123456789abcdef01
    NRAK~-XY3KQ9ZR7TW2VB5NM8CL1DF4GH6
    glsa~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sP_01234567
    glc~_eyJvIjoiMTIzNDU2IiwibiI6InhZM2tROXpSN3RXMnZCNW5NOGNMMWRGNCJ9
    dp.pt~.xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCv
    ATATT~3xFfGF0xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBn=0123ABCD
    dckr_pat~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6
    AGE-SECRET-KEY~-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE6
    pscale_tkn~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeT
    tfp~_xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2vB5
    xkeysib~-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-xY3kQ9zR7tW2vB5n
    pul~-0123456789abcdef0123456789abcdef01234567
    ~4111-1111-1111-1111
    ~5555555555554444
    ~378282246310005
    ~3530111333300000
    900101-~1234568
    080229-~3000001
    nobody@~example.com
    홍길동@~example.co.kr
    https://acct.blob.core.windows.net/c?sv=2022&sig=~xY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0s%3D
    xY~3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuIoZxCvBnxY3kQ9zR7tW2vB5nM8cL1dF4gH6jK0sPaQeTuI+/w==
"""


def _as_bytes(encoding: str) -> str:
    """Return a secret as JSON writes what Python writes of its bytes."""
    return json.dumps(repr("hunter2".encode(encoding))[2:-1])[1:-1]


# What has to be gone, and what it stood in.
_FORMS: Final[list[tuple[str, Any]]] = [
    ("hunter2", "password=hunter2"),
    ("hunter2", "login failed: password = hunter2 for kim"),
    ("hunter2", "Password: hunter2"),
    ("hunter2", '{"user": "kim", "password": "hunter2"}'),
    ("hunter2", "{'user': 'kim', 'password': 'hunter2'}"),
    ("hunter2", 'body was "{\\"user\\": \\"kim\\", \\"password\\": \\"hunter2\\"}"'),
    ("hunter2", "got {'auth': {'deep': ['kim', 'hunter2']}} there"),
    ("hunter2", "Login(user='kim', password='hunter2')"),
    ("hunter2", "Settings(db=Db(host='h', password=SecretStr('hunter2')))"),
    ("hunter2", "<login><user>kim</user><password>hunter2</password></login>"),
    ("hunter2", '<ns:Password type="text">hunter2</ns:Password>'),
    ("hunter2", '<user name="kim" password="hunter2"/>'),
    ("hunter2", '<input type="text" name="password" value="hunter2">'),
    ("hunter2", '<input value="hunter2" type="password">'),
    ("hunter2", '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n--x--'),
    (
        "hunter2",
        '--x\r\nContent-Disposition: form-data; name="pin"\r\nContent-Type: text/plain\r\n\r\n'
        "hunter2\r\n--x--",
    ),
    ("hunter2", "b'--x\\r\\nContent-Disposition: form-data; name=\"otp\"\\r\\n\\r\\nhunter2\\r\\n'"),
    (_as_bytes("utf-16-le"), "received: " + repr('{"password": "hunter2"}'.encode("utf-16-le"))),
    (_as_bytes("utf-32-le"), "received: " + repr('{"password": "hunter2"}'.encode("utf-32-le"))),
    ("hunter2", 'note {"password": "hunter2", "a": [1, 2}'),
    ("hunter2", "CalledProcessError(1, ['tool', '--password', 'hunter2'])"),
    ("hunter2", "Command '['mysql', '-phunter2', 'db']' returned non-zero exit status 1."),
    ("hunter2", "curl -u kim:hunter2 https://h/x"),
    ("hunter2", "curl --user kim:hunter2 https://h/x"),
    ("hunter2", "run --db-password=hunter2 --port 80"),
    ("hunter2", "run --token hunter2 --port 80"),
    ("hunter2", "PGPASSWORD=hunter2 psql -h db"),
    ("hunter2", "export SECRET_KEY='hunter2'"),
    ("hunter2", ["tool", "--password", "hunter2"]),
    ("hunter2", ["mysql", "-phunter2", "db"]),
    ("hunter2", ["'mysql'", "'-phunter2'", "'db'"]),
    ("hunter2", ["sshpass", "-p", "hunter2", "ssh"]),
    ("hunter2", ["'redis-cli'", "'-a'", "'hunter2'"]),
    ("hunter2", ["curl", "-u", "kim:hunter2"]),
    ("hunter2", {"type": "password", "value": "hunter2"}),
    ("hunter2", {"name": "password", "value": "hunter2"}),
    ("hunter2", {"op": "replace", "path": "/password", "value": "hunter2"}),
    ("hunter2", {"op": "add", "path": "/users/0/apiKey", "value": "hunter2"}),
    ("hunter2", '[{"op": "replace", "path": "/password", "value": "hunter2"}'),
    ("hunter2", "fields: {'name': 'password', 'value': 'hunter2'}"),
    ("hunter2", [["X-Api-Key", "hunter2"], ["Accept", "a"]]),
    ("hunter2", "headers [(b'authorization', b'hunter2'), (b'accept', b'a')]"),
    ("hunter2", {"headers": {"Authorization": "Bearer hunter2"}}),
    ("hunter2", "Authorization: Bearer hunter2"),
    ("hunter2pw", "Authorization: Digest username=kim, response=hunter2pw"),
    ("aHVudGVyMjpodW50ZXIy", "auth was Basic aHVudGVyMjpodW50ZXIy"),
    ("hunter2", "Cookie: theme=dark; id=hunter2"),
    ("hunter2", "postgresql+psycopg://kim:hunter2@db:5432/app"),
    ("hunter2", "redis://:hunter2@cache/0"),
    ("hunter2", "cannot connect to amqp://kim:hunter2@mq/vhost: refused"),
    ("hunter2", "https://h/reset?token=hunter2&page=2"),
    ("hunter2", "GET /cb#access_token=hunter2&state=1"),
    ("hunter2", {"query_string": "page=2&api_key=hunter2"}),
    ("hunter2", {"http.query": "page=2&pin=hunter2"}),
    ("hunter2", {"url": "/reset/password/hunter2"}),
    ("hunter2", "next=%2Fa%3Ftoken%3Dhunter2"),
    ("hunter2", "email=a&p%61ssword=hunter2"),
    ("hunter2", "secret was hunter2"),
    ("hunter2", "wrong password 'hunter2' for kim"),
    ("hunter2", "비밀번호는 hunter2 입니다"),
    ("123456", "your OTP is 123456"),
    ("482913", "인증번호: 482913"),
    ("hunter2", 'client = Client(auth=("kim", "hunter2"))'),
    ("hunter2", 'key = SecretStr("hunter2")'),
    ("hunter2", 'password = "hunter2"'),
    ("hunter2", "API_TOKEN: Final = 'hunter2'"),
    ("hunter2", "db_pass := hunter2"),
    ("hunter2", "password => hunter2"),
    ("hunter2", "environ['DB_PASSWORD'] = 'hunter2'"),
    ("hunter2", "Key (password)=(hunter2) already exists."),
    ("hunter2", "[SQL: INSERT INTO users (name, password) VALUES ('kim', 'hunter2')]"),
    ("hunter2", "[SQL: INSERT INTO t VALUES (?)]\n[parameters: ('hunter2',)]"),
    ("hunter2", "UPDATE users SET note='hunter2' WHERE id=7"),
    ("hunter2", "OperationalError(\"near: SELECT * FROM t WHERE a = 'hunter2'\")"),
    ("hunter2", "SELECT 1 -- hunter2"),
    ("hunter2", "[generated in 0.1s] ('kim', 'hunter2')"),
    (
        "hunter2",
        "executing functools.partial(<built-in method execute of sqlite3.Cursor object at 0x7f>, "
        "'INSERT INTO t VALUES (?, ?)', ('kim', 'hunter2'))",
    ),
    ("hunter2", "ALTER USER kim PASSWORD 'hunter2'"),
    ("hunter2", 'invalid input syntax for type integer: "hunter2"'),
    ("hunter2", "DETAIL:  Key (a)=(hunter2) exists."),
    ("hunter2", "[type=string_too_short, input_value='hunter2', input_type=str]"),
    ("hunter2", {"loc": ["body", "password"], "input": "hunter2"}),
    ("bm90IGEga2V5", "-----BEGIN RSA PRIVATE KEY-----\nbm90IGEga2V5\n-----END RSA PRIVATE KEY-----"),
    ("bm90IGEga2V5", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nbm90IGEga2V5"),
    ("bm90IGEga2V5", "key '-----BEGIN OPENSSH PRIVATE KEY-----\\nbm90IGEga2V5\\n-----END"),
    ("203.0.113.7", {"user": {"ip_address": "203.0.113.7"}}),
    ("203.0.113.7", "client_ip=203.0.113.7 path=/x"),
    ("203.0.113.7", {"headers": {"X-Forwarded-For": "203.0.113.7, 10.0.0.1"}}),
    ("hunter2", {"a": [{"b": {"Password": ["hunter2"]}}]}),
    ("hunter2", {"password": {"value": "hunter2", "confirm": "hunter2"}}),
    ("73519284", {"otp": 73519284}),
    ("hunter2", "token_hint: none, access_token: hunter2"),
    ("hunter2", "my api key is hunter2"),
    ("hunter2", "env PASSWORD=hunter2\nUSER=kim"),
    ("hunter2", "password:\n  hunter2"),
    ("hunter2", 'password="""hunter2"""'),
    ("hunter 2", "password: 'hunter 2' x"),
    ("hunter2", "`password`: `hunter2`"),
    ("hunter2", '{"\\ube44\\ubc88": "hunter2"'),
    ("hunter2", "\"{\\\"user\\\": \\\"{\\\\\\\"password\\\\\\\": \\\\\\\"hunter2\\\\\\\"}\\\"}\""),
    ("hunter2", "password[]=hunter2&a=b"),
    ("hunter2", "{password: hunter2, user: kim}"),
    ("hunter2", "<soap:Header><wsse:Password Type='x'>hunter2</wsse:Password></soap:Header>"),
    ("hunter2", "<password><![CDATA[hunter2]]></password>"),
    ("hunter2", "mysql -u kim -phunter2 db"),
    ("hunter2", "sshpass -p hunter2 ssh h"),
]  # fmt: skip

# Texts and data that have to leave as they are.
_HARMLESS: Final[list[Any]] = [
    *({name: value} for name, value in {
        "session_count": 12, "session_title": "Career talk", "sessions": [{"id": 42, "title": "x"}],
        "session": {"mentor": "Kim", "minutes": 30}, "mentoring_session": "Monday", "session_id": 42,
        "session_duration": "30 min", "session_status": "open", "sessionType": "video",
        "token_count": 812, "max_tokens": 4096, "prompt_tokens": 77, "completion_tokens": 12,
        "tokens": 99, "total_tokens": 176, "tokens_per_second": 31.5, "token_type": "Bearer",
        "token_expires_at": "2026-01-01T00:00:00Z", "token_expires_in": 3600, "token_ttl": 60,
        "token_id": 17, "tokenizer": "cl100k_base", "token_url": "https://h/oauth/token",
        "auth_method": "password", "auth_provider": "google-oauth2", "auth_type": "basic",
        "author": "Ada", "authors": ["Ada", "Grace"], "authority": "court", "authorized": True,
        "is_authenticated": True, "authentication_required": "yes", "coauthor": "Ada",
        "secretary": "Kim", "secretariat": "Seoul", "secret_name": "prod-db", "is_secret": False,
        "secret_version": 3, "pass_rate": 0.93, "passed": 12, "pass_count": 8, "passenger": "Lee",
        "bypass": "cache", "compass": "north", "passive": "x", "password_changed_at": "2025-03-04",
        "password_length": 12, "password_policy": "at least 8 characters", "has_password": True,
        "password_required": "yes", "password_strength": "weak", "password_hint": "first pet",
        "password_field": "login-form", "password_reset_sent": True, "min_password_length": 8,
        "pin_code_required": "yes", "pinned": "top", "spin": "left", "pin_color": "red",
        "opinion": "good", "shipping": "express", "company": "Acme", "companion": "Kim",
        "keyboard": "ko", "monkey": "rhesus", "primary_key": "id", "foreign_key": "user_id",
        "sort_key": "created_at", "cache_key": "user:42:profile", "key": "theme", "keys": ["a", "b"],
        "hotkey": "ctrl-k", "cookie_consent": "accepted", "cookie_policy": "strict",
        "signature_algorithm": "HS256", "public_key": "4fca91b2", "design": "flat",
        "signal": "SIGTERM", "assigned": "Kim", "discard": "yes", "cardinality": 12, "card_type":
        "visa", "sidebar": "left", "side": "left", "inside": "x", "expansion": "x", "span": "12 px",
        "panel": "left", "spawn": "fork", "credits": 5, "accredited": "yes", "footprint": "small",
        "hash": "abc", "message_hash": "4fca91b2", "code": "E42", "error_code": "NOT_FOUND",
        "status_code": 404, "country_code": "KR", "postal_code": "06236", "zip_code": "94107",
        "zip": "ab", "tip": "x", "ship": "x", "script": "x", "description": "x", "ip_version": 4,
        "server_name": "web-1", "hostname": "web-1", "host": "db.internal", "database": "app",
        "database_name": "app", "url": "https://h/a/b", "redirect_url": "https://h/x",
        "created_at": "2025-01-01 12:00:00", "timestamp_ms": 1712345678901, "started": 1701234567890,
        "expires": 1801012345678, "nonce_length": 8, "salted": True, "account": "Kim",
        "account_type": "savings", "account_id": 991, "user_id": 55001, "number": 7,
        "accountant": "Lee", "암호화": "AES", "암호화방식": "AES", "토큰수": 120, "비밀번호변경일":
        "2025-01-01", "세션": "상담", "prototype": "x", "topic": "otp basics", "option": "a",
        "adoption": "b", "optional": True, "caption": "hello", "keyword": "python", "hockey": "ice",
        "turkey": "Ankara", "basic": "yes", "bearing": "north", "secretion": "x",
        "key_count": 3, "api_version": "v2", "api_name": "users", "access": "public", "access_level":
        "admin", "private": True, "license": "MIT", "webhook_status": "ok", "webhook_id": 4,
        "connection": "keep-alive", "connection_count": 4, "verification_status": "done",
        "recovery_email_sent": True, "backup": "daily", "backup_enabled": True, "seed": 42,
        "phrase": "hello", "barcode": "4006381333931", "isbn": "9780306406157", "ean": 4006381333931,
        "commit": "0123456789abcdef0123456789abcdef01234567", "trace_id":
        "0123456789abcdef0123456789abcdef", "uuid": "550e8400-e29b-41d4-a716-446655440000",
    }.items()),
    "session expired: yes",
    "/api/sessions/42",
    "GET /api/sessions/42/messages -> 200 in 12 ms",
    "https://h/api/v1/sessions?page=2&sort=created",
    "password must be set; token expired; the secret of success",
    "password reset requested for user 42",
    "Invalid password",
    "password is required",
    "token is invalid or expired",
    "Could not validate credentials",
    "Unexpected token '<'",
    "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "Unexpected token } in JSON at position 12",
    "Please select 3 mentors from the list of 12",
    "update 15 mentors; delete 'x'; insert 'y'",
    "Select all that apply from the options below",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "https://github.com/a/b/commit/0123456789abcdef0123456789abcdef01234567",
    "trace 0123456789abcdef0123456789abcdef",
    "/traces/0123456789abcdef0123456789abcdef",
    "/users/550e8400-e29b-41d4-a716-446655440000/profile",
    "git@github.com:a/b.git",
    "clone git@github.com failed",
    "ISBN 978-0-306-40615-7",
    "barcode 4006381333931 scanned",
    "at 1712345678901 ms",
    "started 1701234567890, expires 1801012345678",
    "order 20240101-1234567",
    "2024-01-01 12:00:00.000000",
    "took 1700000000000000006 ns",
    "author=bob company: x spin a=1",
    "f(x, 'password', 'email')",
    "['password', x]",
    "KeyError: 'password'",
    "KeyError('token')",
    "field required: password, token",
    "missing 1 required positional argument: 'token'",
    "bearer of bad news, Bearer authentication, bearer realm=x",
    "basic requirements, Basic Auth, basic authentication",
    "def get_token(self, user: User) -> Token:",
    "token = await get_token(user)",
    "password = form.password.data",
    "if not verify_password(password, user.password_hash):",
    "from app.auth import login, token",
    "auth_method=password auth_provider=google",
    "max_tokens=4096, token_count: 17",
    "page=2&sort=created&limit=20",
    "https://h/search?q=hello&page=2",
    "'Settings' object has no attribute 'api_key'",
    "File \"/app/auth/token.py\", line 12, in verify",
    "Traceback (most recent call last)",
    "Content-Type: application/json; charset=utf-8",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "<div class=\"session\">hello</div>",
    "<title>Sessions</title>",
    "SELECT id, name FROM users WHERE id = %s AND a = :a AND b = $1 AND c = ?",
    "db.example.com:5432",
    "python3.13/site-packages/starlette/routing.py",
    "v1.2.3-rc.4+build.5",
    "http://localhost:8000/docs#/default/get_sessions",
    "sk-learn and s.connect(host) and key-value",
    "password=None, token=null, secret: True",
    "password=******** token=<redacted>",
    "Message 5 of persona mentor created in 12.5 ms",
    "ratio 4:3, port 8080:80, at 12:30:15",
    "x-request-id: 550e8400-e29b-41d4-a716-446655440000",
    "mkdir -p /var/lib/app && cp -p a b",
    "docker run -p 8080:80 -u app image",
    "please pass the salt and pin the note",
    "the auth service answered 503",
    "rate limit for token bucket 3 reached",
    "가입 세션 12개, 암호화 완료",
    "비밀번호를 입력해 주세요",
    "인증번호가 만료되었습니다",
]  # fmt: skip


def _plain(lines: str) -> list[str]:
    return [line.strip().replace("~", "") for line in lines.strip().splitlines()]


def _halves(entries: list[Any]) -> tuple[list[Any], list[Any]]:
    return entries[::2], entries[1::2]


_SECRET: Final[list[tuple[str, Any]]] = [
    *(("Tr0ub4dor", {name.replace("+", " "): "Tr0ub4dor"}) for name in _NAMES.split()),
    *((line.rpartition("~")[2], line.replace("~", "")) for line in map(str.strip, _SHAPES.strip().splitlines())),
    *_FORMS,
]  # fmt: skip

SECRET, SECRET_HELD_OUT = _halves(_SECRET)
HARMLESS, HARMLESS_HELD_OUT = _halves(_HARMLESS)
