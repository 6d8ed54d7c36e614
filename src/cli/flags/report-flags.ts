import { type Command, Option } from 'commander';

/** What a command says, and to whom. */
export interface ReportFlags {
  json?: boolean;
  quiet?: boolean;
}

export function addReportFlags(command: Command): Command {
  return command
    .optionsGroup('Report:')
    .option('--json', 'for machines: one JSON object per line on stdout, see below')
    .addOption(new Option('--quiet', 'nothing but errors').conflicts('json'));
}
