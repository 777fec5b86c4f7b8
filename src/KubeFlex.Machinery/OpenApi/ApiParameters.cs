namespace KubeFlex.Machinery.OpenApi;

/// <summary>Parameters of the API: their types, and the names the v2 document shares them under.</summary>
internal static class ApiParameters
{
    public static readonly string[] List =
    [
        "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch",
        "sendInitialEvents", "timeoutSeconds", "watch",
    ];

    public static readonly string[] Write = ["dryRun", "fieldManager", "fieldValidation"];

    public static readonly string[] Patch = ["dryRun", "fieldManager", "fieldValidation", "force"];

    public static readonly string[] Delete =
        ["dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents", "propagationPolicy"];

    public static readonly string[] DeleteCollection =
    [
        "continue", "dryRun", "fieldSelector", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "labelSelector", "limit",
        "orphanDependents", "propagationPolicy", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds",
    ];

    /// <summary>Query parameters of a subresource that connects or reads text.</summary>
    public static string[] Connect(string subresource) => subresource switch
    {
        "exec" => ["command", "container", "stderr", "stdin", "stdout", "tty"],
        "attach" => ["container", "stderr", "stdin", "stdout", "tty"],
        "portforward" => ["ports"],
        "proxy" => ["path"],
        "log" =>
        [
            "container", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "previous", "sinceSeconds", "stream", "tailLines", "timestamps",
        ],
        _ => [],
    };

    public static string Type(string name) => name switch
    {
        "allowWatchBookmarks" or "follow" or "force" or "ignoreStoreReadErrorWithClusterBreakingPotential" or "insecureSkipTLSVerifyBackend"
            or "orphanDependents" or "previous" or "sendInitialEvents" or "stderr" or "stdin" or "stdout" or "timestamps" or "tty" or "watch" => "boolean",
        "gracePeriodSeconds" or "limit" or "limitBytes" or "ports" or "sinceSeconds" or "tailLines" or "timeoutSeconds" => "integer",
        _ => "string",
    };

    public static bool InPath(string name) => name is "name" or "namespace";

    /// <summary>The key under <c>parameters</c> of a parameter whose meaning is the same everywhere; null for one that is written out.</summary>
    public static string? SharedKey(string name, bool patch) => name switch
    {
        "fieldManager" => patch ? "fieldManager-7c6nTn1T" : "fieldManager-Qy4HdaTW",
        _ => Shared.GetValueOrDefault(name),
    };

    public static readonly Dictionary<string, string> Shared = new()
    {
        ["allowWatchBookmarks"] = "allowWatchBookmarks-HC2hJt-J",
        ["continue"] = "continue-QfD61s0i",
        ["fieldSelector"] = "fieldSelector-xIcQKXFG",
        ["force"] = "force-tOGGb0Yi",
        ["gracePeriodSeconds"] = "gracePeriodSeconds--K5HaBOS",
        ["ignoreStoreReadErrorWithClusterBreakingPotential"] = "ignoreStoreReadErrorWithClusterBreakingPotential-QbNkfIqj",
        ["labelSelector"] = "labelSelector-5Zw57w4C",
        ["limit"] = "limit-1NfNmdNH",
        ["namespace"] = "namespace-vgWSWtn3",
        ["orphanDependents"] = "orphanDependents-uRB25kX5",
        ["pretty"] = "pretty-tJGM1-ng",
        ["propagationPolicy"] = "propagationPolicy-6jk3prlO",
        ["resourceVersion"] = "resourceVersion-5WAnf1kx",
        ["resourceVersionMatch"] = "resourceVersionMatch-t8XhRHeC",
        ["sendInitialEvents"] = "sendInitialEvents-rLXlEK_k",
        ["timeoutSeconds"] = "timeoutSeconds-yvYezaOC",
        ["watch"] = "watch-XNNPZGbK",
    };
}
