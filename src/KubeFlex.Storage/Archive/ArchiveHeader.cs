using System.IO.Compression;
using System.Text.Json;

namespace KubeFlex.Storage.Archive;

/// <summary>What a backup holds.</summary>
public enum ArchiveKind
{
    /// <summary>One store of a datastore.</summary>
    Store,
    /// <summary>One control plane: its store and the objects that make it.</summary>
    ControlPlane,
    /// <summary>Everything: all stores, and the identity of the server when it was taken from one.</summary>
    Datastore,
}

/// <summary>How the records are packed.</summary>
public enum ArchiveCompression
{
    /// <summary>Not at all.</summary>
    None,
    /// <summary>gzip (RFC 1952).</summary>
    Gzip,
    /// <summary>Raw deflate (RFC 1951).</summary>
    Deflate,
    /// <summary>Brotli (RFC 7932).</summary>
    Brotli,
}

/// <summary>The head of a backup: readable without reading the rest.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Name">Of the store or control plane; empty for a whole datastore.</param>
/// <param name="Revision">Revision of that store; 0 for a whole datastore, whose stores each have their own.</param>
/// <param name="Created">When it was begun.</param>
/// <param name="Compression">How the records are packed.</param>
public sealed record ArchiveHeader(ArchiveKind Kind, string Name, long Revision, DateTimeOffset Created, ArchiveCompression Compression)
{
    /// <summary>Highest version of the format that this program reads, and the one that it writes.</summary>
    public const int Version = 1;

    // Like PNG's: a byte no text has, a line end that a text-mode copy would change.
    internal static ReadOnlySpan<byte> Magic => [0x89, (byte)'K', (byte)'F', (byte)'X', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n'];

    internal const int MostBytes = 64 << 10;

    internal byte[] ToJson()
    {
        var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", Kind.ToString());
            writer.WriteString("name", Name);
            writer.WriteNumber("revision", Revision);
            writer.WriteString("created", Created);
            writer.WriteString("compression", Compression.ToString());
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    internal static ArchiveHeader FromJson(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new(Enum.Parse<ArchiveKind>(root.GetProperty("kind").GetString()!), root.GetProperty("name").GetString()!, root.GetProperty("revision").GetInt64(),
                root.GetProperty("created").GetDateTimeOffset(), Enum.Parse<ArchiveCompression>(root.GetProperty("compression").GetString()!));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw ArchiveException.Damaged("its header cannot be read", e);
        }
    }

    internal Stream Pack(Stream to) => Compression switch
    {
        // Backups are written under load: the fastest level takes most of what there is to gain.
        ArchiveCompression.Gzip => new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true),
        ArchiveCompression.Deflate => new DeflateStream(to, CompressionLevel.Fastest, leaveOpen: true),
        ArchiveCompression.Brotli => new BrotliStream(to, CompressionLevel.Fastest, leaveOpen: true),
        _ => to,
    };

    internal Stream Unpack(Stream from) => Compression switch
    {
        ArchiveCompression.Gzip => new GZipStream(from, CompressionMode.Decompress, leaveOpen: true),
        ArchiveCompression.Deflate => new DeflateStream(from, CompressionMode.Decompress, leaveOpen: true),
        ArchiveCompression.Brotli => new BrotliStream(from, CompressionMode.Decompress, leaveOpen: true),
        _ => from,
    };
}
