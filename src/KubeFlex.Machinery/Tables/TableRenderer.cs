using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables;

/// <summary>What a table row carries of its object (<c>includeObject</c>).</summary>
public enum IncludeObject
{
    /// <summary>PartialObjectMetadata.</summary>
    Metadata,
    /// <summary>Nothing.</summary>
    None,
    /// <summary>The whole object.</summary>
    Object,
}

/// <summary>Renders objects as <c>meta.k8s.io/v1 Table</c>: built-in kinds by their printers, custom resources by their columns' JSON paths.</summary>
public static class TableRenderer
{
    /// <summary>The <c>columnDefinitions</c>.</summary>
    public static JsonArray Columns(ResourceInfo resource)
    {
        var columns = new JsonArray();
        foreach (var c in PrinterCatalog.Columns(resource))
            columns.Add((JsonNode)new JsonObject
            {
                ["name"] = c.Name,
                ["type"] = c.Type,
                ["format"] = c.Format,
                ["description"] = c.Description.Length > 0 ? c.Description : ColumnDescriptions.Find(resource.Kind.Kind, c.Name),
                ["priority"] = c.Priority,
            });
        return columns;
    }

    /// <summary>One row. <paramref name="now"/> gives ages. Takes ownership of <paramref name="obj"/>.</summary>
    public static JsonObject Row(ResourceInfo resource, JsonObject obj, IncludeObject include, DateTimeOffset now)
    {
        var row = new JsonObject { ["cells"] = Cells(resource, obj, now) };
        if (!resource.Custom && resource.Kind is { Group: "", Kind: "Pod" } && Printers.PodPrinter.Conditions(obj) is { } conditions) row["conditions"] = conditions;
        row["object"] = include switch
        {
            IncludeObject.None => null,
            IncludeObject.Object => obj,
            _ => Partial(obj),
        };
        return row;
    }

    private static JsonObject Partial(JsonObject obj)
    {
        var metadata = obj["metadata"];
        obj.Remove("metadata");
        return new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = metadata };
    }

    private static JsonArray Cells(ResourceInfo resource, JsonObject obj, DateTimeOffset now)
    {
        if (resource.Custom) return CustomCells.Print(resource, obj, now);
        if (PrinterCatalog.Find(resource.Kind.GroupKind) is { } printer) return printer(obj, now);
        var created = HumanDuration.Parse(obj.Obj("metadata").Str("creationTimestamp"));
        return CellWriter.Row(obj.Name(), (created ?? DateTimeOffset.MinValue).ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
    }
}
