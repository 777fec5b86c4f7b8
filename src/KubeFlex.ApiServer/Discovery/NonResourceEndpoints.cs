using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.OpenApi;
using KubeFlex.Machinery.Objects;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Discovery;

/// <summary>Everything that is not a resource: discovery, OpenAPI, version, health.</summary>
internal sealed class NonResourceEndpoints(ControlPlane plane)
{
    public const string NotFoundPage = "404 page not found\n";
    private const string AggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private readonly Health health = new(plane);

    public Task HandleAsync(HttpContext http, RequestInfo info)
    {
        if (info.Verb is not ("get" or "head") && info.Path is not ("/healthz" or "/livez" or "/readyz"))
            return Answer.ErrorAsync(http, ApiError.MethodNotAllowed());
        var path = info.Path.Length > 1 ? info.Path.TrimEnd('/') : info.Path;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            [] => JsonAsync(http, Index()),
            ["api"] => Wants(http) ? DocumentAsync(http, Documents.Aggregated(core: true), AggregatedType) : JsonAsync(http, Versions(http)),
            ["apis"] => Wants(http) ? DocumentAsync(http, Documents.Aggregated(core: false), AggregatedType) : DocumentAsync(http, Documents.Groups, "application/json"),
            ["api", var version] => FoundAsync(http, Documents.Resources(new GroupVersion("", version)), known: true),
            ["apis", var group] => FoundAsync(http, Documents.Group(group), known: false),
            ["apis", var group, var version] => FoundAsync(http, Documents.Resources(new GroupVersion(group, version)), plane.Shared.BuiltIn.HasGroup(group)),
            ["openapi", "v2"] => OpenApiV2Async(http),
            ["openapi", "v3"] => JsonAsync(http, Documents.OpenApiV3Index(http.Request.PathBase.Value ?? "")),
            ["openapi", "v3", ..] => OpenApiV3Async(http, string.Join('/', parts.AsSpan(2)!)),
            ["version"] => JsonAsync(http, Version()),
            ["healthz" or "livez" or "readyz", ..] => health.HandleAsync(http, parts),
            ["metrics"] => Answer.TextAsync(http, 200, Metrics()),
            _ => Answer.TextAsync(http, 404, NotFoundPage),
        };
    }

    private Documents Documents => plane.Definitions.Current.Documents;

    private static bool Wants(HttpContext http)
    {
        var accept = http.Request.Headers.Accept.ToString();
        return accept.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) && accept.Contains("v=v2;", StringComparison.Ordinal)
            || accept.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) && (accept.EndsWith("v=v2", StringComparison.Ordinal) || accept.Contains("v=v2,", StringComparison.Ordinal));
    }

    private static Task JsonAsync(HttpContext http, JsonObject document) =>
        Answer.NodeAsync(http, 200, document, MediaType.Json, QueryOptions.IsTrue(http.Request.Query["pretty"]));

    private static Task FoundAsync(HttpContext http, JsonObject? document, bool known) =>
        document is not null ? JsonAsync(http, document) : known ? Answer.ErrorAsync(http, ApiError.NoSuchPath()) : Answer.TextAsync(http, 404, NotFoundPage);

    private static Task DocumentAsync(HttpContext http, Document document, string type)
    {
        var tag = $"\"{document.Tag}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.Vary = "Accept";
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            http.Response.StatusCode = 304;
            return Task.CompletedTask;
        }
        return Answer.BytesAsync(http, 200, document.Body, type);
    }

    private Task OpenApiV2Async(HttpContext http)
    {
        var accept = http.Request.Headers.Accept.ToString();
        return accept.Contains("proto-openapi", StringComparison.Ordinal)
            ? DocumentAsync(http, Documents.OpenApiV2Protobuf, OpenApiDocuments.V2ProtobufContentType)
            : DocumentAsync(http, Documents.OpenApiV2, "application/json");
    }

    private Task OpenApiV3Async(HttpContext http, string path)
    {
        if (Documents.OpenApiV3(path) is not { } document) { http.Response.StatusCode = 404; return Task.CompletedTask; }
        if (http.Request.Query["hash"].ToString() is { Length: > 0 } asked && Documents.Version(path) is { } version)
        {
            var now = Documents.Hash(version);
            if (asked != now)
            {
                http.Response.Redirect($"{http.Request.PathBase.Value}/openapi/v3/{path}?hash={now}", permanent: false);
                return Task.CompletedTask;
            }
            // A document asked for by its hash never changes.
            http.Response.Headers.CacheControl = "public, immutable";
        }
        return DocumentAsync(http, document, "application/json");
    }

    private JsonObject Versions(HttpContext http) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject
        {
            ["clientCIDR"] = "0.0.0.0/0",
            ["serverAddress"] = http.Request.Host.HasValue ? http.Request.Host.Value : $"{plane.Options.AdvertiseAddress}:{plane.Options.AdvertisePort}",
        }),
    };

    private JsonObject Version()
    {
        var version = plane.Shared.Catalog.KubernetesVersion;
        var numbers = version.TrimStart('v').Split('.', '-', '+');
        return new JsonObject
        {
            ["major"] = numbers[0], ["minor"] = numbers[1], ["emulationMajor"] = numbers[0], ["emulationMinor"] = numbers[1], ["minCompatibilityMajor"] = numbers[0],
            ["minCompatibilityMinor"] = (int.Parse(numbers[1], System.Globalization.CultureInfo.InvariantCulture) - 1).ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["gitVersion"] = version, ["gitCommit"] = "", ["gitTreeState"] = "clean", ["buildDate"] = "1970-01-01T00:00:00Z", ["goVersion"] = "kubeflex", ["compiler"] = "dotnet", ["platform"] = "linux/amd64",
        };
    }

    private JsonObject Index()
    {
        var paths = new SortedSet<string>(StringComparer.Ordinal) { "/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version" };
        foreach (var v in Documents.Versions())
        {
            paths.Add(v.Group.Length == 0 ? $"/api/{v.Version}" : $"/apis/{v}");
            if (v.Group.Length > 0) paths.Add($"/apis/{v.Group}");
        }
        foreach (var root in new[] { "healthz", "livez", "readyz" })
            foreach (var check in Health.Checks) paths.Add($"/{root}/{check}");
        return new JsonObject { ["paths"] = new JsonArray([.. paths.Select(p => JsonValue.Create(p))]) };
    }

    private string Metrics() =>
        $"# HELP apiserver_storage_revision Last durable revision of this control plane's store.\n# TYPE apiserver_storage_revision gauge\napiserver_storage_revision {plane.Store.Revision}\n" +
        $"# HELP apiserver_custom_resource_definitions Custom resource definitions that are served.\n# TYPE apiserver_custom_resource_definitions gauge\napiserver_custom_resource_definitions {plane.Definitions.Current.Definitions.Count}\n";
}
