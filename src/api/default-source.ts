/** The source that is there when the configuration names none; records from before there were several have it. */
export const defaultSource = "specs";
