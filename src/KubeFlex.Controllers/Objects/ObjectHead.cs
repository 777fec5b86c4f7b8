using System.Text.Json;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Controllers.Objects;

/// <summary>An owner reference, as far as garbage collection looks at it.</summary>
internal sealed record OwnerReference(GroupVersionKind Kind, string Name, string Uid, bool BlocksOwnerDeletion);

/// <summary>Names a stored object; what work queues hold.</summary>
internal sealed record ObjectId(GroupVersionKind Kind, string Namespace, string Name, string Uid);

/// <summary>
/// The head of a stored object: identity, owners, finalizers. Read from the stored JSON without building a document; the API server writes
/// apiVersion, kind and metadata first, so a reader stops after them.
/// </summary>
internal sealed class ObjectHead
{
    public required ObjectId Id { get; init; }
    public required bool Deleting { get; init; }
    public required IReadOnlyList<OwnerReference> Owners { get; init; }
    public required IReadOnlyList<string> Finalizers { get; init; }

    /// <summary>Waits for its dependents to go first (<c>propagationPolicy: Foreground</c>).</summary>
    public bool DeletingInForeground => Deleting && Finalizers.Contains(Finalizer.Foreground);

    /// <summary>Wants its dependents freed before it goes (<c>propagationPolicy: Orphan</c>).</summary>
    public bool DeletingAndOrphaning => Deleting && Finalizers.Contains(Finalizer.Orphan);

    /// <summary>Reads the head, or null when the bytes are not an object's JSON.</summary>
    public static ObjectHead? Read(ReadOnlySpan<byte> json)
    {
        string? apiVersion = null, kind = null;
        var meta = new Metadata();
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && !(apiVersion is not null && kind is not null && meta.Seen))
        {
            if (reader.ValueTextEquals("apiVersion"u8)) apiVersion = ReadString(ref reader);
            else if (reader.ValueTextEquals("kind"u8)) kind = ReadString(ref reader);
            else if (reader.ValueTextEquals("metadata"u8)) meta.Read(ref reader);
            else { reader.Read(); reader.Skip(); }
        }
        if (apiVersion is null || kind is null || !meta.Seen || GroupVersion.Parse(apiVersion) is not { } gv) return null;
        return new ObjectHead
        {
            Id = new ObjectId(new GroupVersionKind(gv.Group, gv.Version, kind), meta.Namespace, meta.Name, meta.Uid),
            Deleting = meta.Deleting,
            Owners = meta.Owners,
            Finalizers = meta.Finalizers,
        };
    }

    private static string ReadString(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
    }

    private struct Metadata()
    {
        public bool Seen, Deleting;
        public string Name = "", Namespace = "", Uid = "";
        public IReadOnlyList<OwnerReference> Owners = [];
        public IReadOnlyList<string> Finalizers = [];

        public void Read(ref Utf8JsonReader reader)
        {
            Seen = true;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) return;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("name"u8)) Name = ReadString(ref reader);
                else if (reader.ValueTextEquals("namespace"u8)) Namespace = ReadString(ref reader);
                else if (reader.ValueTextEquals("uid"u8)) Uid = ReadString(ref reader);
                else if (reader.ValueTextEquals("deletionTimestamp"u8)) Deleting = ReadString(ref reader).Length > 0;
                else if (reader.ValueTextEquals("finalizers"u8)) Finalizers = ReadFinalizers(ref reader);
                else if (reader.ValueTextEquals("ownerReferences"u8)) Owners = ReadOwners(ref reader);
                else { reader.Read(); reader.Skip(); }
            }
        }

        private static List<string> ReadFinalizers(ref Utf8JsonReader reader)
        {
            var list = new List<string>();
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray) return list;
            while (reader.Read() && reader.TokenType == JsonTokenType.String) list.Add(reader.GetString()!);
            return list;
        }

        private static List<OwnerReference> ReadOwners(ref Utf8JsonReader reader)
        {
            var list = new List<OwnerReference>();
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray) return list;
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                string apiVersion = "", kind = "", name = "", uid = "";
                var blocks = false;
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    if (reader.ValueTextEquals("apiVersion"u8)) apiVersion = ReadString(ref reader);
                    else if (reader.ValueTextEquals("kind"u8)) kind = ReadString(ref reader);
                    else if (reader.ValueTextEquals("name"u8)) name = ReadString(ref reader);
                    else if (reader.ValueTextEquals("uid"u8)) uid = ReadString(ref reader);
                    else if (reader.ValueTextEquals("blockOwnerDeletion"u8)) { reader.Read(); blocks = reader.TokenType == JsonTokenType.True; }
                    else { reader.Read(); reader.Skip(); }
                }
                if (GroupVersion.Parse(apiVersion) is { } gv) list.Add(new OwnerReference(new GroupVersionKind(gv.Group, gv.Version, kind), name, uid, blocks));
            }
            return list;
        }
    }
}

/// <summary>The finalizers that garbage collection answers for.</summary>
internal static class Finalizer
{
    public const string Foreground = "foregroundDeletion";
    public const string Orphan = "orphan";
}
