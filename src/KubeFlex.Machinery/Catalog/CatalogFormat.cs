namespace KubeFlex.Machinery.Catalog;

// The data file, written by tools/CatalogGenerator (which compiles this file too) and read by CatalogData:
//
//   magic                                    8 bytes
//   strings  count, count + 1 ends, bytes    little-endian uint32; a string is decoded when first used
//   nodes    count, count + 1 ends, bytes    little-endian uint32; a schema node is decoded when first used
//   catalog  length uint32, bytes            version and groups: read at start; types, resources of each version: when first used
//   objects  the rest                        JSON array of the first objects
//
// Inside nodes and catalog every number is a LEB128 varint and every string an index into the string table.

/// <summary>Names that writer and reader of the data file share.</summary>
internal static class CatalogFormat
{
    /// <summary>First bytes; the digits change with the layout.</summary>
    public static ReadOnlySpan<byte> Magic => "KFCTLG01"u8;

    /// <summary>The name of the embedded file.</summary>
    public const string FileName = "kubernetes.catalog.bin";
}

/// <summary>
/// First number of a schema node: the two or three lowest bits of each group are values, the others say which fields follow, in the order of
/// the bits.
/// </summary>
[Flags]
internal enum NodeFlags
{
    /// <summary>A <c>SchemaType</c>.</summary>
    TypeMask = 7,
    /// <summary>1 atomic, 2 set, 3 map, times 8.</summary>
    ListTypeMask = 3 << 3,
    /// <summary>1 atomic, 2 granular, times 32.</summary>
    MapTypeMask = 3 << 5,
    /// <summary>Unknown members stay.</summary>
    PreserveUnknown = 1 << 7,
    /// <summary>Whole number or string.</summary>
    IntOrString = 1 << 8,
    /// <summary>String: name of the published type.</summary>
    TypeName = 1 << 9,
    /// <summary>String.</summary>
    Format = 1 << 10,
    /// <summary>Node: the type this refers to; what this node states itself overrides it.</summary>
    Reference = 1 << 11,
    /// <summary>String: JSON of the default.</summary>
    Default = 1 << 12,
    /// <summary>List of strings.</summary>
    Required = 1 << 13,
    /// <summary>List of strings.</summary>
    ListMapKeys = 1 << 14,
    /// <summary>String.</summary>
    PatchStrategy = 1 << 15,
    /// <summary>String.</summary>
    PatchMergeKey = 1 << 16,
    /// <summary>Node.</summary>
    Items = 1 << 17,
    /// <summary>Node.</summary>
    Additional = 1 << 18,
    /// <summary>List of pairs: string, node.</summary>
    Properties = 1 << 19,
    /// <summary>List of group, version and kind.</summary>
    Kinds = 1 << 20,
    /// <summary>String: JSON of <c>x-kubernetes-unions</c>.</summary>
    Unions = 1 << 21,
}

/// <summary>First number of a resource.</summary>
[Flags]
internal enum ResourceFlags
{
    /// <summary>Objects live in namespaces.</summary>
    Namespaced = 1,
    /// <summary>Three strings follow: the paths of scale; an empty selector is none.</summary>
    Scale = 2,
    /// <summary>A string follows.</summary>
    Deprecated = 4,
}
