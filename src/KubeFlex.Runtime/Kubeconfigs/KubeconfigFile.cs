using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// One kubeconfig file as the document it is: what we do not know stays in it untouched (comments aside). It is written only when it was
/// changed, and never when it could not be read.
/// </summary>
internal sealed class KubeconfigFile
{
    private static readonly string[] Sections = ["clusters", "contexts", "users"];
    private JsonObject saved;

    private KubeconfigFile(string path, JsonObject root, bool exists, bool ambiguous)
    {
        (Path, Root, Exists, Ambiguous) = (path, root, exists, ambiguous);
        saved = root.DeepClone().AsObject();
    }

    public string Path { get; }

    public JsonObject Root { get; }

    public bool Exists { get; private set; }

    /// <summary>A mapping key stands twice: reading takes the last, but writing would drop the other.</summary>
    private bool Ambiguous { get; }

    public bool IsChanged => !JsonNode.DeepEquals(saved, Root);

    public static KubeconfigFile Load(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new KubeconfigFile(path, [], exists: false, ambiguous: false);
        }
        // Containers make one when they are told to mount a file that is not there. What the system says of it is that access is denied.
        catch (UnauthorizedAccessException e) when (Directory.Exists(path))
        {
            throw new KubeconfigException($"the kubeconfig {path} is a directory", "Remove it if it is empty, or name a file with --kubeconfig.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"cannot read the kubeconfig {path}: {e.Message}",
                "Check its permissions, or name another file with --kubeconfig.", e);
        }
        if (IsBlank(bytes)) return new KubeconfigFile(path, [], exists: true, ambiguous: false);
        if (!ObjectReader.ReadYaml(bytes).TryGet(out var parsed, out var error)) throw Corrupt(path, error.Message);
        foreach (var section in Sections)
        {
            if (parsed.Object[section] is null) continue;
            if (parsed.Object[section] is not JsonArray entries) throw Corrupt(path, $"\"{section}\" is not a list");
            if (entries.Any(e => e is not JsonObject o || Text(o["name"]) is null)) throw Corrupt(path, $"an entry of \"{section}\" has no name");
        }
        return new KubeconfigFile(path, parsed.Object, exists: true, parsed.Duplicates.Count > 0);
    }

    /// <summary>Writes the document atomically if it changed. Call it under the file's lock.</summary>
    public bool Save()
    {
        if (!IsChanged) return false;
        if (Ambiguous) throw Corrupt(Path, "a key stands twice in it, and writing it back would lose one of the two");
        if (Root["apiVersion"] is null) Root.Insert(0, "apiVersion", "v1");
        if (Root["kind"] is null) Root.Insert(1, "kind", "Config");
        PrivateFile.Replace(Path, Encoding.UTF8.GetBytes(YamlWriter.Write(Root)));
        (saved, Exists) = (Root.DeepClone().AsObject(), true);
        return true;
    }

    /// <summary>The entry of that name, with its <c>name</c>; the first one counts.</summary>
    public JsonObject? Entry(string section, string name) =>
        (Root[section] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(e => Text(e["name"]) == name);

    public static string? Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? s) ? s : null;

    private static KubeconfigException Corrupt(string path, string why) => new($"the kubeconfig {path} is corrupt: {why}",
        $"It was not changed. Repair it, or move it away (mv {path} {path}.broken) and try again, or name another file with --kubeconfig.");

    private static bool IsBlank(byte[] bytes) =>
        Encoding.UTF8.GetString(bytes).Split('\n').All(line => line.Trim() is "" or "---" || line.TrimStart().StartsWith('#'));
}
