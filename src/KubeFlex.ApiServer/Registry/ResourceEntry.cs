using System.Text;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Kinds;

namespace KubeFlex.ApiServer.Registry;

/// <summary>A resource with what the request path needs of it at hand, computed once.</summary>
internal sealed class ResourceEntry
{
    public ResourceEntry(ResourceInfo info, KindRules? rules)
    {
        Info = info;
        Rules = rules;
        var group = info.StorageResource.Group;
        KeyPrefix = Encoding.UTF8.GetBytes(group.Length == 0 ? $"/registry/{info.StorageResource.Resource}/" : $"/registry/{group}/{info.StorageResource.Resource}/");
        Head = ObjectBytes.Head(info.Kind.Kind, info.Kind.ApiVersion);
        StoredHead = ObjectBytes.Head(info.StorageKind.Kind, info.StorageKind.ApiVersion);
        SameAsStored = Head.AsSpan().SequenceEqual(StoredHead);
        ListHead = Encoding.UTF8.GetBytes($"{{\"kind\":\"{info.ListKind}\",\"apiVersion\":\"{info.Kind.ApiVersion}\",\"metadata\":{{");
    }

    public ResourceInfo Info { get; }

    /// <summary>Rules of a built-in kind; null for custom resources.</summary>
    public KindRules? Rules { get; }

    /// <summary><c>/registry/…/</c>, to which namespace and name are added.</summary>
    public byte[] KeyPrefix { get; }

    /// <summary>What an object of this version starts with.</summary>
    public byte[] Head { get; }

    /// <summary>What stored objects start with.</summary>
    public byte[] StoredHead { get; }

    /// <summary>Stored bytes can be served as they are.</summary>
    public bool SameAsStored { get; }

    /// <summary>What a list starts with, up to the members of its metadata.</summary>
    public byte[] ListHead { get; }

    public bool HasVerb(string verb)
    {
        foreach (var v in Info.Verbs)
            if (v == verb) return true;
        return false;
    }

    public byte[] Key(string ns, string name)
    {
        var namespaced = Info.Namespaced && ns.Length > 0;
        var key = new byte[KeyPrefix.Length + (namespaced ? Encoding.UTF8.GetByteCount(ns) + 1 : 0) + Encoding.UTF8.GetByteCount(name)];
        KeyPrefix.CopyTo(key, 0);
        var at = KeyPrefix.Length;
        if (namespaced)
        {
            at += Encoding.UTF8.GetBytes(ns, key.AsSpan(at));
            key[at++] = (byte)'/';
        }
        Encoding.UTF8.GetBytes(name, key.AsSpan(at));
        return key;
    }

    /// <summary>Start and end of all objects of a namespace, or of the whole resource.</summary>
    public (byte[] Start, byte[] End) Range(string ns)
    {
        var start = Info.Namespaced && ns.Length > 0 ? [.. KeyPrefix, .. Encoding.UTF8.GetBytes(ns), (byte)'/'] : KeyPrefix;
        return (start, EndOf(start));
    }

    /// <summary>The first key behind all keys with this prefix.</summary>
    public static byte[] EndOf(byte[] prefix)
    {
        var end = (byte[])prefix.Clone();
        end[^1]++;
        return end;
    }
}
