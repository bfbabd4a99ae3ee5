/** Annotation in which kubectl keeps what it applied last, to tell the next time what is gone. */
export const appliedConfiguration = "kubectl.kubernetes.io/last-applied-configuration";
