/** One ES module of a program for Node 24: drizzle and its kind cost 150 MB less as a bundle than as loose files. */
export declare function bundleModule(entry: string, outfile: string): Promise<void>;
/** What the hub's bundle reads beside itself: static files of all pages in one folder, and the migrations. */
export declare function placeHubFiles(directory: string): Promise<void>;
/** The agent as one CommonJS file, the form that becomes a single executable. */
export declare function bundleAgent(outfile: string): Promise<void>;
/** The privileged unit: a program of its own, so that nothing of the agent's channel is in it. */
export declare function bundleAgentRoot(outfile: string): Promise<void>;
