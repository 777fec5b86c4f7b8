using System.Formats.Tar;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.ImageBuilder;

/// <summary>What an image is.</summary>
internal sealed record Image(string Name, string Architecture, string User, IReadOnlyList<string> Entrypoint, IReadOnlyList<string> Command,
    IReadOnlyList<string> Environment, IReadOnlyList<LayerSource> Layers, DateTimeOffset Created);

/// <summary>
/// The image as one file: the OCI image layout (<c>oci-layout</c>, <c>index.json</c>, <c>blobs/</c>) that podman, skopeo, containerd and kind read,
/// with the <c>manifest.json</c> over the same blobs that <c>docker load</c> of any age reads.
/// </summary>
internal static class ImageArchive
{
    /// <summary>Writes the file; the manifest's digest.</summary>
    public static string Write(Image image, string file)
    {
        var layers = image.Layers.Select(l => Layer.Pack(l, image.Created)).ToList();
        var config = new Blob("application/vnd.oci.image.config.v1+json", Json(Config(image, layers)));
        var manifest = new Blob("application/vnd.oci.image.manifest.v1+json", Json(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Descriptor(config),
            ["layers"] = new JsonArray([.. layers.Select(l => Descriptor(l.Blob))]),
        }));

        using var stream = File.Create(file);
        using var tar = new TarWriter(stream, TarEntryFormat.Ustar);
        Add("oci-layout", Json(new JsonObject { ["imageLayoutVersion"] = "1.0.0" }));
        Add("index.json", Json(Index(image, manifest)));
        Add("manifest.json", Json(new JsonArray(new JsonObject
        {
            ["Config"] = PathOf(config),
            ["RepoTags"] = new JsonArray(image.Name),
            ["Layers"] = new JsonArray([.. layers.Select(l => (JsonNode)PathOf(l.Blob))]),
        })));
        foreach (var blob in layers.Select(l => l.Blob).Append(config).Append(manifest).DistinctBy(b => b.Digest)) Add(PathOf(blob), blob.Content);
        return manifest.Digest;

        void Add(string name, byte[] content)
        {
            using var data = new MemoryStream(content);
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = data, ModificationTime = image.Created, Mode = (UnixFileMode)0b110_100_100 });
        }
    }

    private static JsonObject Config(Image image, List<Layer> layers)
    {
        var run = new JsonObject { ["User"] = image.User, ["WorkingDir"] = "/", ["Env"] = Strings(["PATH=/app:/usr/local/bin:/usr/bin:/bin", .. image.Environment]) };
        if (image.Entrypoint.Count > 0) run["Entrypoint"] = Strings(image.Entrypoint);
        if (image.Command.Count > 0) run["Cmd"] = Strings(image.Command);
        var created = image.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["created"] = created,
            ["architecture"] = image.Architecture,
            ["os"] = "linux",
            ["config"] = run,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Strings(layers.Select(l => l.DiffId)) },
            ["history"] = new JsonArray([.. image.Layers.Select(l => (JsonNode)new JsonObject { ["created"] = created, ["created_by"] = $"ImageBuilder {l.At}" })]),
        };
    }

    private static JsonObject Index(Image image, Blob manifest)
    {
        var entry = Descriptor(manifest);
        entry["platform"] = new JsonObject { ["architecture"] = image.Architecture, ["os"] = "linux" };
        // The first is the specification's (the tag alone), the second containerd's.
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = image.Name[(image.Name.LastIndexOf(':') + 1)..], ["io.containerd.image.name"] = image.Name };
        return new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = "application/vnd.oci.image.index.v1+json", ["manifests"] = new JsonArray(entry) };
    }

    private static JsonObject Descriptor(Blob blob) => new() { ["mediaType"] = blob.MediaType, ["digest"] = blob.Digest, ["size"] = blob.Content.Length };

    private static string PathOf(Blob blob) => $"blobs/{blob.Digest.Replace(':', '/')}";

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static byte[] Json(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, JsonSerializerOptions.Default);
}
