namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// Names of our tables. A schema that the URL names is written before each of them: a <c>search_path</c> set on the session would not survive a
/// pooler that gives every transaction another session. Without one, the role's own search path decides.
/// </summary>
internal sealed class PostgresTables(string? schema)
{
    private readonly string prefix = schema is null ? "" : Quote(schema) + ".";

    public string? Schema => schema;

    public string Store => prefix + "kubeflex_store";

    public string Log => prefix + "kubeflex_log";

    public string Lease => prefix + "kubeflex_lease";

    /// <summary>One row per running server, by which it learns whether a commit that it lost sight of has happened.</summary>
    public string Writer => prefix + "kubeflex_writer";

    /// <summary>Servers that share the database, as long as they give signs of life.</summary>
    public string Member => prefix + "kubeflex_member";

    /// <summary>What all servers on the database agree upon, such as their identity.</summary>
    public string Setting => prefix + "kubeflex_setting";

    /// <summary>One row: the version of all of these.</summary>
    public string Version => prefix + "kubeflex_schema";

    public static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
