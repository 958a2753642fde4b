import sys

from monitoring.program.cli import main

sys.exit(main())
