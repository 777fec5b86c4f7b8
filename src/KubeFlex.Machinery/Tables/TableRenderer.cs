using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

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
    public static JsonArray Columns(ResourceInfo resource) => throw new NotImplementedException();

    /// <summary>One row. <paramref name="now"/> gives ages. Takes ownership of <paramref name="obj"/>.</summary>
    public static JsonObject Row(ResourceInfo resource, JsonObject obj, IncludeObject include, DateTimeOffset now) => throw new NotImplementedException();
}
