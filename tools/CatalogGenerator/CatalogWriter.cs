using System.Buffers.Binary;
using System.Text;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.CatalogGenerator;

/// <summary>Puts the data file together; its layout is told in CatalogFormat.cs.</summary>
internal sealed class CatalogWriter
{
    private readonly Facts facts;
    private readonly StringTable strings = new();
    private readonly SchemaNodes schemas;
    private readonly Dictionary<string, string> typesByKind;

    public CatalogWriter(Facts facts)
    {
        this.facts = facts;
        schemas = new SchemaNodes(facts.Schemas, strings);
        typesByKind = facts.Schemas
            .SelectMany(s => Facts.Texts(s.Value!, "gvk").Select(kind => (kind, s.Key)))
            .Where(p => !p.Key.Contains(".meta.v1.", StringComparison.Ordinal))
            .ToDictionary(p => p.kind, p => p.Key);
    }

    public byte[] Write()
    {
        var resources = new ByteWriter();
        foreach (var version in facts.Groups)
        {
            var list = new ByteWriter();
            list.Number(version.Resources.Count);
            foreach (var resource in version.Resources.OrderBy(r => r.Name, StringComparer.Ordinal)) Resource(list, version, resource);
            resources.Block(list);
        }
        foreach (var type in Conventions.OtherTypes) schemas.Type(type);

        var body = new ByteWriter();
        body.Number(strings.Index(facts.Version));
        var types = new ByteWriter();
        types.Pairs(schemas.Named.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (strings.Index(t.Key), t.Value)));
        body.Block(types);
        var groups = facts.Groups.GroupBy(v => v.Group).ToArray();
        body.Number(groups.Length);
        foreach (var group in groups)
        {
            body.Number(strings.Index(group.Key));
            body.Numbers(group.Select(v => strings.Index(v.Version)));
        }
        body.Bytes(resources.ToArray());

        using var file = new MemoryStream();
        file.Write(CatalogFormat.Magic);
        Table(file, [.. strings.Entries]);
        Table(file, schemas.Nodes);
        UInt32(file, (uint)body.ToArray().Length);
        file.Write(body.ToArray());
        file.Write(Encoding.UTF8.GetBytes(InitialObjects.Of(facts.InitialObjects).ToJsonString(InitialObjects.Compact)));
        return file.ToArray();
    }

    private void Resource(ByteWriter writer, ServedVersion version, ServedResource resource)
    {
        void Text(string text) => writer.Number(strings.Index(text));
        void Texts(IEnumerable<string> texts) => writer.Numbers(texts.Select(strings.Index));
        string Qualified(string kind) => $"{version.Group}/{version.Version}/{kind}";

        var hasScale = resource.Subresources.Any(s => s.Name == "scale");
        var deprecation = Conventions.DeprecationWarning(version.ApiVersion, resource.Kind);
        var listKind = resource.Kind + "List";
        if (resource.Verbs.Contains("list")) schemas.Type(typesByKind[Qualified(listKind)]);

        writer.Number((int)((resource.Namespaced ? ResourceFlags.Namespaced : 0) | (hasScale ? ResourceFlags.Scale : 0) | (deprecation is null ? 0 : ResourceFlags.Deprecated)));
        Text(resource.Name);
        Text(resource.Singular);
        Text(resource.Kind);
        Text(listKind);
        Texts(resource.Verbs.Order(StringComparer.Ordinal));
        Texts(resource.ShortNames);
        Texts(resource.Categories);

        writer.Number(resource.Subresources.Count);
        foreach (var sub in resource.Subresources.OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            var (group, api) = sub.Version.Length == 0 ? (version.Group, version.Version) : (sub.Group, sub.Version);
            if (typesByKind.TryGetValue($"{group}/{api}/{sub.Kind}", out var type)) schemas.Type(type);
            Text(sub.Name);
            Text(group);
            Text(api);
            Text(sub.Kind);
            Texts(sub.Verbs.Order(StringComparer.Ordinal));
        }

        writer.Number(schemas.Type(typesByKind[Qualified(resource.Kind)]));
        Columns(writer, resource.Kind);
        Texts(facts.FieldSelectors[$"{version.ApiVersion}/{resource.Kind}"] is { } fields ? fields.AsArray().Select(f => f!.GetValue<string>()) : []);

        var (storageGroup, storageVersion, storageResource) = Conventions.Storage(version.Group, version.Version, resource.Name);
        Text(storageGroup);
        Text(storageVersion);
        Text(resource.Kind);
        Text(storageGroup);
        Text(storageResource);
        // Reviews and bindings are answered, not stored.
        Text(resource.Verbs.Contains("watch") ? StorageVersionHash.Of(storageGroup, storageVersion, resource.Kind) : "");
        if (hasScale) EachText(".spec.replicas", ".status.replicas", ".spec.selector");
        if (deprecation is not null) Text(deprecation);

        void EachText(params string[] texts)
        {
            foreach (var text in texts) Text(text);
        }
    }

    private void Columns(ByteWriter writer, string kind)
    {
        var columns = facts.Columns[Conventions.ColumnsName(kind)] is { } listed
            ? [.. listed.AsArray().Select(c => new Column(Facts.Text(c!, "name"), Facts.Text(c!, "type"), Facts.Text(c!, "format"), c!["priority"]!.GetValue<int>()))]
            : Conventions.ColumnsWithoutPrinter(kind);
        writer.Number(columns.Count);
        foreach (var column in columns)
        {
            writer.Number(strings.Index(column.Name));
            writer.Number(strings.Index(column.Type));
            writer.Number(strings.Index(column.Format));
            writer.Number(column.Priority);
            writer.Number(strings.Index(Conventions.ColumnDescription(kind, column.Name)));
        }
    }

    private static void Table(Stream file, IReadOnlyList<byte[]> entries)
    {
        UInt32(file, (uint)entries.Count);
        var end = 0u;
        UInt32(file, end);
        foreach (var entry in entries) UInt32(file, end += (uint)entry.Length);
        foreach (var entry in entries) file.Write(entry);
    }

    private static void UInt32(Stream file, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        file.Write(bytes);
    }
}
