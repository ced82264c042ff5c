/** Next bundles these; TypeScript only has to know that they may be imported. */
declare module "*.css";
