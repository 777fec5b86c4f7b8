using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>A custom resource in the published documents.</summary>
/// <param name="Resource">What is served.</param>
/// <param name="Schema">The <c>openAPIV3Schema</c> of its version as written (descriptions included).</param>
public sealed record PublishedCustomResource(ResourceInfo Resource, JsonObject Schema);

/// <summary>
/// OpenAPI v2 and v3 made from the catalog and the definitions of a control plane: what kubectl's explain, apply and strict validation rest on.
/// Documents are big and made anew by each call: keep them.
/// </summary>
public static class OpenApiDocuments
{
    /// <summary>The v3 document of one group and version, as UTF-8 JSON.</summary>
    public static byte[] V3(ApiCatalog catalog, GroupVersion version, IReadOnlyList<PublishedCustomResource> custom) =>
        V3Writer.Write(catalog, ApiPaths.OfVersion(catalog, custom, version), custom);

    /// <summary>
    /// The v3 document that <c>/openapi/v3/&lt;path&gt;</c> serves, or null: a path as the index lists it, such as <c>api/v1</c>,
    /// <c>apis/apps/v1</c>, <c>apis/apps</c> or <c>version</c>.
    /// </summary>
    public static byte[]? V3(ApiCatalog catalog, string path, IReadOnlyList<PublishedCustomResource> custom) =>
        ApiPaths.OfDocument(catalog, custom, path) is { } paths ? V3Writer.Write(catalog, paths, custom) : null;

    /// <summary>
    /// The index at <c>/openapi/v3</c>. Hashes change when a document may have changed (clients keep documents by them), and are made
    /// without making the documents.
    /// </summary>
    public static byte[] V3Index(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom)
    {
        var paths = new JsonObject();
        foreach (var path in ApiPaths.Documents(catalog, custom)) paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Hash(path, custom)}" };
        return KubeJson.ToUtf8(new JsonObject { ["paths"] = paths });
    }

    /// <summary>The one v2 document, as UTF-8 JSON.</summary>
    public static byte[] V2(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom) => V2Writer.Write(catalog, custom);

    /// <summary>The v2 document in protobuf (<c>application/com.github.proto-openapi.spec.v2@v1.0+protobuf</c>), which kubectl and helm ask for first.</summary>
    public static byte[] V2Protobuf(ReadOnlySpan<byte> v2Json)
    {
        var reader = new Utf8JsonReader(v2Json);
        using var document = JsonDocument.ParseValue(ref reader);
        return SwaggerProtobuf.Encode(document.RootElement);
    }

    private static string Hash(string path, IReadOnlyList<PublishedCustomResource> custom)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Another build may write built-in documents differently.
        hash.AppendData(typeof(OpenApiDocuments).Module.ModuleVersionId.ToByteArray());
        hash.AppendData(Encoding.UTF8.GetBytes(path));
        foreach (var one in custom)
        {
            if (ApiPaths.DocumentOf(one.Resource.Kind.GroupVersion) != path) continue;
            var names = $"{one.Resource.Kind.Kind} {one.Resource.Resource} {one.Resource.Namespaced} {string.Join(',', one.Resource.Subresources.Select(s => s.Name))}";
            hash.AppendData(Encoding.UTF8.GetBytes(names));
            hash.AppendData(KubeJson.ToUtf8(one.Schema));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
