using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.ApiServer.Tests;

/// <summary>What the process shares, made once for all tests.</summary>
internal static class Shared
{
    public static readonly SharedApi Api = new(ApiCatalog.Load(), TimeProvider.System, NullLoggerFactory.Instance);
}

/// <summary>A control plane over a real store in a directory of its own, called without a socket.</summary>
internal sealed class TestPlane : IAsyncDisposable
{
    public static readonly UserInfo Admin = new("admin", ["system:masters", "system:authenticated"]);

    private readonly string directory = Directory.CreateTempSubdirectory("kubeflex-api-").FullName;
    private Datastore datastore = null!;

    public ControlPlaneApi Api { get; private set; } = null!;
    public Store Store { get; private set; } = null!;

    public static async Task<TestPlane> StartAsync(string authorities = "", SharedApi? shared = null, Backlog? backlog = null)
    {
        var plane = new TestPlane();
        plane.datastore = await Datastore.OpenSqliteAsync(Path.Combine(plane.directory, "data.db"), new DatastoreOptions(), default);
        plane.Store = await plane.datastore.OpenStoreAsync("test", default);
        plane.Api = new ControlPlaneApi(shared ?? Shared.Api, plane.Store, new ControlPlaneApiOptions
        {
            Name = "test", ClientAuthorities = authorities, ServiceAccountKey = NewKey(), Backlog = backlog,
            StaticTokens = new Dictionary<string, UserInfo> { ["secret-token"] = new("robot", ["robots"]) },
        });
        await plane.Api.StartAsync(default);
        return plane;
    }

    private static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    public Task<TestAnswer> CallAsync(string method, string url, JsonNode? body = null, string type = "application/json", string accept = "application/json", UserInfo? user = null) =>
        SendAsync(method, url, body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString()), type, accept, c => c.Features.Set(new AuthenticatedUser(user ?? Admin)));

    public async Task<TestAnswer> SendAsync(string method, string url, byte[]? body, string type = "application/json", string accept = "application/json", Action<DefaultHttpContext>? prepare = null)
    {
        var context = new DefaultHttpContext();
        var question = url.IndexOf('?', StringComparison.Ordinal);
        (context.Request.Method, context.Request.Path) = (method, question < 0 ? url : url[..question]);
        if (question >= 0) context.Request.QueryString = new QueryString(url[question..]);
        context.Request.Headers.Accept = accept;
        if (body is not null)
        {
            context.Request.Body = new MemoryStream(body);
            context.Request.ContentType = type;
            context.Request.ContentLength = body.Length;
        }
        var output = new MemoryStream();
        context.Response.Body = output;
        prepare?.Invoke(context);
        await Api.HandleAsync(context);
        await context.Response.BodyWriter.FlushAsync();
        return new TestAnswer(context.Response.StatusCode, output.ToArray(), context.Response.Headers, context.Response.ContentType ?? "");
    }

    public async Task<JsonObject> CreateAsync(string url, JsonObject body)
    {
        var answer = await CallAsync("POST", url, body);
        Assert.True(answer.Code == 201, answer.Text);
        return answer.Json;
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await datastore.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    public static JsonObject ConfigMap(string name, string? label = null) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "ConfigMap",
        ["metadata"] = label is null ? new JsonObject { ["name"] = name } : new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = label } },
        ["data"] = new JsonObject { ["k"] = "v" },
    };
}

internal sealed record TestAnswer(int Code, byte[] Body, IHeaderDictionary Headers, string ContentType)
{
    public string Text => Encoding.UTF8.GetString(Body);
    public JsonObject Json => (JsonObject)JsonNode.Parse(Body)!;
    public string Reason => (string?)Json["reason"] ?? "";
    public string Version => (string)Json["metadata"]!["resourceVersion"]!;
    public IEnumerable<JsonObject> Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => (JsonObject)JsonNode.Parse(l)!);
}
