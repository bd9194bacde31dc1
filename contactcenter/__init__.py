"""An open-source contact center on Asterisk: IVR, ACD, screen pop and the record of every interaction."""

__version__ = "0.1.0"
