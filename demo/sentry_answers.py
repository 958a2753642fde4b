"""The forms in which Sentry answers: what was sent, in camelCase, with much added."""

import re
from typing import Any

Json = dict[str, Any]

DATE = "2026-09-01T12:00:00Z"


def words(text: str) -> list[str]:
    return text.split()


_FALSE = words("""
    dataScrubber dataScrubberDefaults dynamicallySampled enableAutoReleaseCreation
    firstTransactionEvent hasAccess hasFeedbacks hasFlags hasInsightsAgentMonitoring
    hasInsightsAppStart hasInsightsAssets hasInsightsCaches hasInsightsDb hasInsightsHttp
    hasInsightsMCP hasInsightsQueues hasInsightsScreenLoad hasInsightsVitals hasLogs
    hasMinifiedStackTrace hasMonitors hasNewFeedbacks hasProfiles hasReplays hasSessions
    hasTraceMetrics hasUserReports isBookmarked isDynamicallySampled isInternal isMember isPublic
    scmSourceContextEnabled scrapeJavaScript scrubIPAddresses seerScannerAutomation
    tempestFetchScreenshots verifySSL""")
_EMPTY = words("""
    autofixAutomationTuning color derivedGroupingEnhancements fingerprintingRules groupingConfig
    groupingEnhancements securityToken subjectPrefix subjectTemplate symbolSources""")
_NONE = words("""
    debugFilesRole defaultEnvironment dynamicSamplingBiases firstEvent latestRelease
    relayPiiConfig secondaryGroupingConfig securityTokenHeader seerNightshiftTweaks
    storeCrashReports""")
_LISTS = words("""
    access allowedDomains builtinSymbolSources environments features highlightTags platforms
    safeFields sensitiveFields teams""")
_USER = {
    **{"id": "9", "name": "Monitoring", "username": "monitoring", "email": "m@example.org"},
    **{"avatarUrl": "", "dateJoined": DATE, "lastActive": None, "lastLogin": None},
    **{"emails": [], "experiments": {}, "has2fa": False, "hasPasswordAuth": False},
    **{"isActive": True, "isManaged": False, "isStaff": False, "isSuperuser": False},
    "isSuspended": False,
}


def camel(value: Any) -> Any:
    """Bring all names of a body to camelCase."""
    if isinstance(value, dict):
        return {re.sub(r"_(\w)", lambda m: m[1].upper(), k): camel(v) for k, v in value.items()}
    return [camel(child) for child in value] if isinstance(value, list) else value


def project(slug: str, number: int, body: Json, organization: str) -> Json:
    link = {"organizationUrl": "", "regionUrl": ""}
    return {
        **dict.fromkeys(_FALSE, False),
        **dict.fromkeys(_EMPTY, ""),
        **dict.fromkeys(_NONE),
        **{name: [] for name in _LISTS},
        **dict.fromkeys(["digestsMaxDelay", "digestsMinDelay", "processingIssues"], 0),
        **dict.fromkeys(["resolveAge", "secondaryGroupingExpiry"], 0),
        **{"avatar": {}, "highlightContext": {}, "options": {}, "dateCreated": DATE},
        "highlightPreset": {"context": {}, "tags": []},
        "organization": {
            **{"id": "1", "slug": organization, "name": organization, "avatar": {}},
            **{"dateCreated": DATE, "links": link, "status": {"id": "active", "name": "active"}},
            **dict.fromkeys(["allowMemberInvite", "allowMemberProjectCreation"], True),
            **dict.fromkeys(["allowSuperuserAccess", "hasAuthProvider"], False),
            **dict.fromkeys(["isEarlyAdopter", "require2FA"], False),
        },
        **{"id": str(number), "slug": slug, "name": body["name"], "status": "active"},
        "platform": body["platform"],
    }


def key(number: int, project_id: int, dsn: str, *, active: bool = True) -> Json:
    others = words("""
        cdn crons csp integration minidump nel otlp_logs otlp_traces playstation secret security
        unreal""")
    loader = ["hasDebug", "hasFeedback", "hasLogsAndMetrics", "hasPerformance", "hasReplay"]
    return {
        **{"id": str(number), "name": "Default", "label": "Default", "isActive": active},
        **{"projectId": project_id, "public": None, "secret": None, "rateLimit": None},
        **{"browserSdk": {"choices": []}, "browserSdkVersion": "", "dateCreated": None},
        "dsn": {**dict.fromkeys(others, ""), "public": dsn},
        "dynamicSdkLoaderOptions": dict.fromkeys(loader, False),
    }


def team(number: int, slug: str) -> Json:
    return {
        **{"id": str(number), "slug": slug, "name": slug.title(), "access": [], "avatar": {}},
        **{"dateCreated": None, "flags": {}, "hasAccess": True, "isMember": True},
        **{"isPending": False, "memberCount": 3, "teamRole": None},
    }


def integration(number: int, name: str, *, status: str = "active") -> Json:
    nothing = words("accountType configData domainName gracePeriodEnd icon outOfDate scopes")
    return {
        **dict.fromkeys(nothing),
        **{"id": str(number), "name": name, "status": status, "externalId": f"T{number}"},
        **{"organizationId": 1, "organizationIntegrationStatus": status},
        **{"provider": {"key": "slack", "slug": "slack"}, "configOrganization": []},
    }


def monitor(number: int, project_id: int, type: str, body: Json, alerts: list[str]) -> Json:
    """A monitor: its query is wrapped, its conditions are in another order and have numbers."""
    sources = []
    for place, source in enumerate(body.get("data_sources", []), start=number):
        known = {name: value for name, value in source.items() if name != "query_type"}
        query = {"id": str(place), "status": 0, "subscription": None}
        query["snubaQuery"] = {"id": str(place), **camel(known)}
        sources.append({"id": str(place), "type": "snuba_query_subscription", "queryObj": query})
    owner = body.get("owner", "").partition(":")
    return {
        **{"id": str(number), "projectId": str(project_id), "type": type, "name": body["name"]},
        "description": body.get("description") or None,
        "enabled": body.get("enabled", True),
        "owner": {"type": owner[0], "id": owner[2], "name": "Team"} if owner[2] else None,
        "config": {"comparisonDelta": None, **camel(body.get("config", {}))} if sources else {},
        "dataSources": sources or None,
        "conditionGroup": group(number, body["condition_group"]) if sources else None,
        **{"workflowIds": alerts, "latestGroup": None, "createdBy": "9"},
        **{"dateCreated": DATE, "dateUpdated": DATE},
    }


def group(number: int, body: Json) -> Json:
    """Conditions, sorted anew, numbers made floats."""
    conditions = sorted(body["conditions"], key=lambda condition: condition["type"], reverse=True)
    return {
        **{"id": str(number), "organizationId": "1", "logicType": body["logic_type"]},
        "conditions": [
            {"id": str(place), **camel(condition), "comparison": _number(condition["comparison"])}
            for place, condition in enumerate(conditions, start=1)
        ],
        "actions": [],
    }


def _number(value: Any) -> Any:
    return float(value) if type(value) is int else camel(value)


def alert(number: int, body: Json) -> Json:
    """An alert: a channel got its number, tags their spaces, the number of a monitor is text."""
    filters = []
    for place, one in enumerate(body["action_filters"], start=number):
        actions = []
        for action in reversed(one["actions"]):
            answered = {"id": str(place), **camel(action)}
            if action["type"] == "slack":
                answered["config"]["targetIdentifier"] = "C024BE91L"
                answered["data"]["tags"] = action["data"]["tags"].replace(",", ", ")
            else:
                answered["data"] = {"fallthroughType": "ActiveMembers"}
            actions.append(answered)
        levels = {"id": str(place), "organizationId": "1", "logicType": one["logic_type"]}
        conditions = [{"id": "1", **camel(condition)} for condition in one["conditions"]]
        filters.append({**levels, "conditions": conditions[::-1], "actions": actions})
    return {
        **{"id": str(number), "name": body["name"], "organizationId": "1"},
        "enabled": body.get("enabled", True),
        "environment": body.get("environment"),
        "config": body["config"],
        "detectorIds": [str(one) for one in body.get("detector_ids", [])],
        "triggers": group(number, body["triggers"]),
        "actionFilters": filters[::-1],
        **{"createdBy": "9", "owner": None, "lastTriggered": None},
        **{"dateCreated": DATE, "dateUpdated": DATE},
    }


def dashboard(number: int, body: Json) -> Json:
    return {
        **{"id": str(number), "title": body["title"], "projects": body.get("projects", [])},
        **{"environment": body.get("environment", []), "period": body.get("period", "24h")},
        "widgets": [widget(number, one) for one in body["widgets"]],
        **{"createdBy": _USER, "dateCreated": DATE, "filters": {}, "isFavorited": False},
        **{"permissions": None, "prebuiltId": None},
    }


def dashboard_in_list(number: int, body: Json) -> Json:
    """A list has no widgets, only what they look like."""
    whole = dashboard(number, body)
    widgets = whole.pop("widgets")
    shown = [one["displayType"] for one in widgets]
    return {**whole, "widgetDisplay": shown, "widgetPreview": [], "lastVisited": None}


def widget(dashboard_id: int, body: Json) -> Json:
    nothing = words("""axisRange changedReason datasetSource exploreUrls legendType thresholds limit
        description layout""")
    query = {"onDemand": [], "isHidden": False, "selectedAggregate": None, "linkedDashboards": []}
    return {
        **dict.fromkeys(nothing),
        **camel(body),
        **{"dashboardId": str(dashboard_id), "dateCreated": DATE},
        "queries": [
            {"id": str(place), "widgetId": body["id"], **query, **camel(one)}
            for place, one in enumerate(body["queries"], start=1)
        ],
    }


def release(version: str, body: Json) -> Json:
    commits = body.get("commits", [])
    return {
        **{"id": 1, "version": version, "shortVersion": version, "status": "open"},
        **{"authors": [], "commitCount": len(commits), "data": {}, "deployCount": 0},
        **{"newGroups": 0, "projects": [], "versionInfo": None, "dateCreated": DATE},
        "dateReleased": body.get("dateReleased"),
    }
