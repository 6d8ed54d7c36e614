/** Where the results go; what has no path is not written. */
export interface OutputFlags {
  out?: string;
  maskOut?: string;
  stats?: string;
  scores?: string;
  saveFisher?: string;
}
