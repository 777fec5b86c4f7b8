using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>The three lists of a kubeconfig.</summary>
public enum KubeconfigSection
{
    /// <summary>Servers.</summary>
    Clusters,
    /// <summary>Pairs of a cluster and a user.</summary>
    Contexts,
    /// <summary>Credentials.</summary>
    Users,
}

/// <summary>
/// All files of a kubeconfig seen as one, by kubectl's rules: reading, the first file that has an entry wins; writing, an entry changes
/// in the file it stands in, and a new one goes to the first file that exists. Changes stay in memory until <see cref="KubeconfigStore"/>
/// saves them. Not safe for concurrent use.
/// </summary>
public sealed class Kubeconfig
{
    private readonly IReadOnlyList<KubeconfigFile> files;
    private readonly KubeconfigPaths paths;

    private Kubeconfig(KubeconfigPaths paths, IReadOnlyList<KubeconfigFile> files) => (this.paths, this.files) = (paths, files);

    /// <summary>The files, for messages.</summary>
    public string Location => paths.ToString();

    /// <summary>The current context; null when unset.</summary>
    public string? CurrentContext
    {
        get => files.Select(f => KubeconfigFile.Text(f.Root["current-context"])).FirstOrDefault(c => !string.IsNullOrEmpty(c));
        set
        {
            if (value == CurrentContext) return;
            if (value is not null)
            {
                Target.Root["current-context"] = value;
                // A file before the target (it does not exist yet, so it is empty) cannot shadow it.
                return;
            }
            foreach (var file in files.Where(f => f.Root["current-context"] is not null)) file.Root["current-context"] = "";
        }
    }

    /// <summary>Names of the entries, in the order of the files, each once.</summary>
    public IReadOnlyList<string> Names(KubeconfigSection section) =>
        [.. files.SelectMany(f => (f.Root[Key(section)] as JsonArray ?? []).OfType<JsonObject>()).Select(e => KubeconfigFile.Text(e["name"])!).Distinct()];

    /// <summary>The body of an entry (what stands under <c>cluster</c>, <c>context</c> or <c>user</c>); null when there is none.
    /// Changing it changes the file it stands in.</summary>
    public JsonObject? Find(KubeconfigSection section, string name) => FileOf(section, name) is { } file ? Body(file.Entry(Key(section), name)!, section) : null;

    /// <summary>Context, with the names it points to.</summary>
    public (string? Cluster, string? User, string? Namespace)? FindContext(string name) => Find(KubeconfigSection.Contexts, name) is { } c
        ? (KubeconfigFile.Text(c["cluster"]), KubeconfigFile.Text(c["user"]), KubeconfigFile.Text(c["namespace"])) : null;

    /// <summary>The server of a context's cluster; null when the context, the cluster or its server is missing.</summary>
    public string? ServerOf(string context) => FindContext(context)?.Cluster is { } cluster && Find(KubeconfigSection.Clusters, cluster) is { } body
        && KubeconfigFile.Text(body["server"]) is { Length: > 0 } server ? server : null;

    /// <summary>The body of an entry, made empty when there is none.</summary>
    public JsonObject Ensure(KubeconfigSection section, string name)
    {
        if (Find(section, name) is { } body) return body;
        var entry = new JsonObject { ["name"] = name, [Inner(section)] = new JsonObject() };
        if (Target.Root[Key(section)] is not JsonArray list) Target.Root[Key(section)] = list = [];
        list.Add((JsonNode)entry);
        return entry[Inner(section)]!.AsObject();
    }

    /// <summary>Removes an entry from every file that has it, lest one behind it appear. False when there was none.</summary>
    public bool Remove(KubeconfigSection section, string name)
    {
        var found = false;
        foreach (var file in files)
        {
            while (file.Entry(Key(section), name) is { } entry)
                found |= ((JsonArray)file.Root[Key(section)]!).Remove(entry);
        }
        return found;
    }

    /// <summary>Renames an entry where it stands. False when it is not there or the new name is taken.</summary>
    public bool Rename(KubeconfigSection section, string from, string to)
    {
        if (FileOf(section, from) is not { } file || FileOf(section, to) is not null) return false;
        file.Entry(Key(section), from)!["name"] = to;
        return true;
    }

    /// <summary>True when a context other than <paramref name="except"/> points to the cluster or user.</summary>
    public bool IsUsed(KubeconfigSection section, string name, string except) => Names(KubeconfigSection.Contexts).Where(c => c != except)
        .Any(c => FindContext(c) is var (cluster, user, _) && (section == KubeconfigSection.Clusters ? cluster : user) == name);

    /// <summary>Makes a path that stands in an entry absolute: it is relative to the file of the entry.</summary>
    public string ResolvePath(KubeconfigSection section, string name, string path) =>
        FileOf(section, name) is { } file ? Path.GetFullPath(path, Path.GetDirectoryName(file.Path)!) : Path.GetFullPath(path);

    internal static Kubeconfig Load(KubeconfigPaths paths) => new(paths, [.. paths.Files.Select(KubeconfigFile.Load)]);

    /// <summary>The first file's document that has a value at the top, or the document new things are written to.</summary>
    internal JsonObject RootWith(Func<JsonObject, bool> has) => files.FirstOrDefault(f => has(f.Root))?.Root ?? Target.Root;

    internal IEnumerable<JsonObject> Roots => files.Select(f => f.Root);

    internal void Save()
    {
        foreach (var file in files) file.Save();
    }

    internal bool IsChanged => files.Any(f => f.IsChanged);

    private KubeconfigFile Target => files.FirstOrDefault(f => f.Exists) ?? files[^1];

    private KubeconfigFile? FileOf(KubeconfigSection section, string name) => files.FirstOrDefault(f => f.Entry(Key(section), name) is not null);

    private static JsonObject Body(JsonObject entry, KubeconfigSection section)
    {
        if (entry[Inner(section)] is JsonObject body) return body;
        entry[Inner(section)] = body = [];
        return body;
    }

    private static string Key(KubeconfigSection section) => section switch
    {
        KubeconfigSection.Clusters => "clusters",
        KubeconfigSection.Contexts => "contexts",
        _ => "users",
    };

    private static string Inner(KubeconfigSection section) => section switch
    {
        KubeconfigSection.Clusters => "cluster",
        KubeconfigSection.Contexts => "context",
        _ => "user",
    };
}
