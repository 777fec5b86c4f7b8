using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace KubeFlex.ImageBuilder;

/// <summary>A directory and where its content goes in the image.</summary>
internal sealed record LayerSource(string Directory, string At);

/// <summary>A layer: the digests of its bytes and of what they unpack to (OCI image configuration, <c>rootfs.diff_ids</c>).</summary>
internal sealed record Layer(Blob Blob, string DiffId)
{
    /// <summary>Packs a directory. Owner, times and order are fixed, so that the same files give the same bytes.</summary>
    public static Layer Pack(LayerSource source, DateTimeOffset time)
    {
        using var plain = new MemoryStream();
        using (var tar = new TarWriter(plain, TarEntryFormat.Ustar, leaveOpen: true))
        {
            var at = source.At.Trim('/');
            for (var i = at.IndexOf('/', StringComparison.Ordinal); at.Length > 0; i = at.IndexOf('/', i + 1))
            {
                tar.WriteEntry(Entry(TarEntryType.Directory, (i < 0 ? at : at[..i]) + "/", Octal(7, 5, 5), time));
                if (i < 0) break;
            }
            foreach (var path in Directory.EnumerateFileSystemEntries(source.Directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                var inside = Path.GetRelativePath(source.Directory, path).Replace('\\', '/');
                var name = at.Length > 0 ? $"{at}/{inside}" : inside;
                var info = new FileInfo(path);
                if (info.LinkTarget is { } target)
                {
                    var link = Entry(TarEntryType.SymbolicLink, name, Octal(7, 7, 7), time);
                    link.LinkName = target;
                    tar.WriteEntry(link);
                }
                else if (Directory.Exists(path))
                {
                    // Kept as it is: /tmp is sticky.
                    tar.WriteEntry(Entry(TarEntryType.Directory, name + "/", File.GetUnixFileMode(path), time));
                }
                else
                {
                    var executable = (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != 0;
                    var file = Entry(TarEntryType.RegularFile, name, executable ? Octal(7, 5, 5) : Octal(6, 4, 4), time);
                    using var data = File.OpenRead(path);
                    file.DataStream = data;
                    tar.WriteEntry(file);
                }
            }
        }
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) plain.WriteTo(gzip);
        return new Layer(new Blob("application/vnd.oci.image.layer.v1.tar+gzip", packed.ToArray()), Blob.DigestOf(plain.GetBuffer().AsSpan(0, (int)plain.Length)));
    }

    private static UstarTarEntry Entry(TarEntryType type, string name, UnixFileMode mode, DateTimeOffset time) =>
        new(type, name) { Mode = mode, ModificationTime = time, Uid = 0, Gid = 0, UserName = "", GroupName = "" };

    private static UnixFileMode Octal(int user, int group, int other) => (UnixFileMode)((user << 6) | (group << 3) | other);
}

/// <summary>Content that is named by its digest.</summary>
internal sealed record Blob(string MediaType, byte[] Content)
{
    public string Digest { get; } = DigestOf(Content);

    public static string DigestOf(ReadOnlySpan<byte> content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
