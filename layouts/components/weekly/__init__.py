"""Weekly notifiable diseases: current signals, what was tested, the course of one."""
