/**
 * What is asked of Nova throughout: Train's, of 2019. By then servers tell their tags (2.26), groups (2.71) and all else
 * with every answer (2.75), flavors their description (2.55) and extra specs (2.61), and groups have rules (2.64).
 */
export const microversion = "2.79";
