/** How many seeds every run of the tests plays, from 1 on; more with `npm run simulate`. */
export const usualSeeds = 16;
