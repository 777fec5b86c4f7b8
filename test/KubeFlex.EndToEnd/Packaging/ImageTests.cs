using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Packaging;

/// <summary>An image archive as the OCI image layout and Docker's archive format want it, from the bytes up.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ImageTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("kubeflex-image-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task The_archive_holds_what_it_names_and_names_what_it_holds()
    {
        var files = Unpack(await BuildAsync("one.tar"));
        Assert.Equal("1.0.0", (string?)Json(files["oci-layout"])["imageLayoutVersion"]);
        foreach (var (name, content) in files.Where(f => f.Key.StartsWith("blobs/sha256/", StringComparison.Ordinal)))
            Assert.Equal(name["blobs/sha256/".Length..], Convert.ToHexStringLower(SHA256.HashData(content)));

        var entry = Assert.Single(Json(files["index.json"])["manifests"]!.AsArray())!;
        Assert.Equal(("application/vnd.oci.image.manifest.v1+json", "amd64", "linux"), ((string?)entry["mediaType"], (string?)entry["platform"]!["architecture"], (string?)entry["platform"]!["os"]));
        Assert.Equal("1.2", (string?)entry["annotations"]!["org.opencontainers.image.ref.name"]);
        var manifest = Json(Blob(files, entry));
        var config = Json(Blob(files, manifest["config"]!));
        Assert.Equal("65532:65532", (string?)config["config"]!["User"]);
        Assert.Equal(["/app/run"], config["config"]!["Entrypoint"]!.AsArray().Select(e => (string?)e));
        Assert.Equal(["operator"], config["config"]!["Cmd"]!.AsArray().Select(e => (string?)e));

        var layers = manifest["layers"]!.AsArray().Select(l => Inflate(Blob(files, l!))).ToList();
        Assert.Equal(layers.Select(l => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(l))}"), config["rootfs"]!["diff_ids"]!.AsArray().Select(d => (string?)d));
        var docker = Assert.Single(JsonNode.Parse(files["manifest.json"])!.AsArray())!;
        Assert.Equal("example.com/kubeflex:1.2", (string?)docker["RepoTags"]![0]);
        Assert.Equal(files[(string)docker["Config"]!], Blob(files, manifest["config"]!));
        Assert.Equal(manifest["layers"]!.AsArray().Select(l => $"blobs/{((string)l!["digest"]!).Replace(':', '/')}"), docker["Layers"]!.AsArray().Select(l => (string?)l));

        var root = Entries(layers[0]);
        Assert.Equal(0x3FF, (int)root["tmp/"].Mode);
        var app = Entries(layers[1]);
        Assert.Equal(["app/", "app/link", "app/run", "app/sub/", "app/sub/data"], app.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(UnixFileMode.UserExecute, app["app/run"].Mode & UnixFileMode.UserExecute);
        Assert.Equal(UnixFileMode.None, app["app/sub/data"].Mode & UnixFileMode.UserExecute);
        Assert.Equal((TarEntryType.SymbolicLink, "run"), (app["app/link"].EntryType, app["app/link"].LinkName));
        Assert.All(app.Values, e => Assert.Equal((0, 0), (e.Uid, e.Gid)));
    }

    [Fact]
    public async Task The_same_files_give_the_same_bytes()
    {
        var first = await File.ReadAllBytesAsync(await BuildAsync("one.tar"), TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(Path.Combine(directory, "app", "run"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var second = await File.ReadAllBytesAsync(await BuildAsync("two.tar"), TestContext.Current.CancellationToken);
        Assert.Equal(first, second);
        await File.AppendAllTextAsync(Path.Combine(directory, "app", "run"), "#", TestContext.Current.CancellationToken);
        Assert.NotEqual(first, await File.ReadAllBytesAsync(await BuildAsync("three.tar"), TestContext.Current.CancellationToken));
    }

    private async Task<string> BuildAsync(string name)
    {
        var (root, app) = (Path.Combine(directory, "root"), Path.Combine(directory, "app"));
        if (!Directory.Exists(root))
        {
            Directory.CreateDirectory(Path.Combine(root, "tmp"));
            File.SetUnixFileMode(Path.Combine(root, "tmp"), (UnixFileMode)0x3FF);
            Directory.CreateDirectory(Path.Combine(app, "sub"));
            await File.WriteAllTextAsync(Path.Combine(app, "run"), "#!/bin/sh\n");
            File.SetUnixFileMode(Path.Combine(app, "run"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await File.WriteAllTextAsync(Path.Combine(app, "sub", "data"), "data");
            File.CreateSymbolicLink(Path.Combine(app, "link"), "run");
        }
        var output = Path.Combine(directory, name);
        (await Command.RunAsync(Repository.ImageBuilder, ["--output", output, "--name", "example.com/kubeflex:1.2", "--entrypoint", "/app/run", "--cmd", "operator",
            "--layer", $"{root}=/", "--layer", $"{app}=/app"], new Dictionary<string, string?> { ["SOURCE_DATE_EPOCH"] = null })).Ok();
        return output;
    }

    private static byte[] Blob(Dictionary<string, byte[]> files, JsonNode descriptor)
    {
        var blob = files[$"blobs/{((string)descriptor["digest"]!).Replace(':', '/')}"];
        Assert.Equal((long)descriptor["size"]!, blob.Length);
        return blob;
    }

    private static JsonNode Json(byte[] content) => JsonNode.Parse(content)!;

    private static Dictionary<string, byte[]> Unpack(string file)
    {
        using var stream = File.OpenRead(file);
        using var tar = new TarReader(stream);
        var files = new Dictionary<string, byte[]>();
        while (tar.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            files.Add(entry.Name, content.ToArray());
        }
        return files;
    }

    private static Dictionary<string, TarEntry> Entries(byte[] layer)
    {
        using var tar = new TarReader(new MemoryStream(layer));
        var entries = new Dictionary<string, TarEntry>();
        while (tar.GetNextEntry() is { } entry) entries.Add(entry.Name, entry);
        return entries;
    }

    private static byte[] Inflate(byte[] gzip)
    {
        using var from = new GZipStream(new MemoryStream(gzip), CompressionMode.Decompress);
        using var to = new MemoryStream();
        from.CopyTo(to);
        return to.ToArray();
    }
}
