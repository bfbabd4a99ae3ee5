/** Docker words that change nothing we look at. */
export const irrelevantActions =
  /^(exec_|attach|detach|top|resize|copy|export|kill|stop$|archive-path|extract-to-dir)/;
