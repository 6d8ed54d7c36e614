/** What the process ends with. A signal adds its number to 128, as shells do. */
export const EXIT = {
  success: 0,
  failure: 1,
  usage: 2,
  job: 3,
  interrupted: 130,
  terminated: 143,
} as const;

/** The same for the help. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    done
  1    an error; nothing was written. One line on stderr says what and what to do
       (WOODFISHER_DEBUG=1 adds where in the code)
  2    the command line or a settings file is wrong
  3    --gradients-command or --loss-command failed, with the exit code that the error line names, or
       did not write what it had to; nothing was written
  130  interrupted (SIGINT; 143: SIGTERM); nothing was written`;
