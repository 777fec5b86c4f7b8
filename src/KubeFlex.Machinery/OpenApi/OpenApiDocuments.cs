using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>A custom resource in the published documents.</summary>
/// <param name="Resource">What is served.</param>
/// <param name="Schema">The <c>openAPIV3Schema</c> of its version as written (descriptions included).</param>
public sealed record PublishedCustomResource(ResourceInfo Resource, JsonObject Schema);

/// <summary>OpenAPI v2 and v3 made from the catalog and the definitions of a control plane: what kubectl's explain, apply and strict validation rest on.</summary>
public static class OpenApiDocuments
{
    /// <summary>The v3 document of one group and version, as UTF-8 JSON.</summary>
    public static byte[] V3(ApiCatalog catalog, GroupVersion version, IReadOnlyList<PublishedCustomResource> custom) => throw new NotImplementedException();

    /// <summary>The one v2 document, as UTF-8 JSON.</summary>
    public static byte[] V2(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom) => throw new NotImplementedException();

    /// <summary>The v2 document in protobuf (<c>application/com.github.proto-openapi.spec.v2@v1.0+protobuf</c>), which kubectl and helm ask for first.</summary>
    public static byte[] V2Protobuf(ReadOnlySpan<byte> v2Json) => throw new NotImplementedException();
}

/// <summary>Discovery documents of built-in and custom resources.</summary>
public static class DiscoveryDocuments
{
    /// <summary><c>APIGroupList</c> of <c>/apis</c>.</summary>
    public static JsonObject Groups(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom) => throw new NotImplementedException();

    /// <summary><c>APIGroup</c> of <c>/apis/&lt;group&gt;</c>, or null.</summary>
    public static JsonObject? Group(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom, string group) => throw new NotImplementedException();

    /// <summary><c>APIResourceList</c> of a group and version, or null.</summary>
    public static JsonObject? Resources(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom, GroupVersion version) => throw new NotImplementedException();

    /// <summary>Aggregated discovery v2 of <c>/api</c> (<paramref name="core"/>) or <c>/apis</c>.</summary>
    public static JsonObject Aggregated(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom, bool core) => throw new NotImplementedException();
}
