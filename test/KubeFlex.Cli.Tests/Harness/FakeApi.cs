using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Cli.Tests.Harness;

/// <summary>
/// As much of a hosting cluster as the command line sees: objects by path, lists by name, watches. <see cref="Operator"/> plays the
/// operator: it is shown every ControlPlane that is created or deleted.
/// </summary>
internal sealed class FakeApi : IAsyncDisposable
{
    public const string ControlPlanes = "/apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes";
    public const string Hooks = "/apis/tenancy.kflex.kubestellar.org/v1alpha1/postcreatehooks";
    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly Dictionary<string, JsonObject> objects = [];
    private readonly List<(string Collection, Channel<JsonObject> Events)> watchers = [];
    private int version = 1;

    private FakeApi()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    public string Url => app.Urls.Single();

    /// <summary>Whether KubeFlex is installed.</summary>
    public bool ServesControlPlanes { get; set; } = true;

    public Action<FakeApi, string, JsonObject> Operator { get; set; } = MakeReady;

    /// <summary>Is shown the path and state of everything that is patched.</summary>
    public Action<FakeApi, string, JsonObject> Patched { get; set; } = (_, _, _) => { };

    /// <summary>Is shown the collection of every watch that begins: whoever began it has seen the list before.</summary>
    public Action<FakeApi, string> Watching { get; set; } = (_, _) => { };

    /// <summary>Whether it is a server of ours, which says so in its version.</summary>
    public bool IsOurs { get; set; } = true;

    /// <summary>Answers that are text, such as logs, and discovery documents.</summary>
    public Dictionary<string, string> Texts { get; } = [];

    public ConcurrentQueue<string> Requests { get; } = [];

    public static async Task<FakeApi> StartAsync()
    {
        var api = new FakeApi();
        await api.app.StartAsync();
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate) watchers.ForEach(w => w.Events.Writer.TryComplete());
        await app.DisposeAsync();
    }

    public JsonObject? Get(string path)
    {
        lock (gate) return objects.GetValueOrDefault(path)?.DeepClone().AsObject();
    }

    public void Put(string path, JsonObject obj)
    {
        lock (gate)
        {
            var type = objects.ContainsKey(path) ? "MODIFIED" : "ADDED";
            (obj["metadata"] ??= new JsonObject())["resourceVersion"] = $"{++version}";
            objects[path] = obj;
            Tell(path, type, obj);
        }
    }

    public void Remove(string path)
    {
        lock (gate)
        {
            if (objects.Remove(path, out var obj)) Tell(path, "DELETED", obj);
        }
    }

    /// <summary>An operator that works: a namespace, a secret, a status; and the reverse.</summary>
    public static void MakeReady(FakeApi api, string verb, JsonObject cp)
    {
        var name = (string)cp["metadata"]!["name"]!;
        var ns = $"/api/v1/namespaces/{name}-system";
        if (verb == "DELETE")
        {
            api.Remove($"{ControlPlanes}/{name}");
            api.Remove(ns);
            return;
        }
        api.Put(ns, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{name}-system", ["ownerReferences"] = new JsonArray(new JsonObject { ["uid"] = $"uid-{name}" }) },
        });
        api.Put($"{ns}/secrets/admin-kubeconfig", new JsonObject
        {
            ["data"] = new JsonObject { ["kubeconfig"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Kubeconfig(name, $"{api.Url}/controlplanes/{name}"))) },
        });
        var status = cp.DeepClone().AsObject();
        status["status"] = new JsonObject
        {
            ["secretRef"] = new JsonObject { ["namespace"] = $"{name}-system", ["name"] = "admin-kubeconfig", ["key"] = "kubeconfig", ["inClusterKey"] = "kubeconfig-incluster" },
            ["conditions"] = new JsonArray(Condition("Ready", "True", "Available", ""), Condition("Synced", "True", "ReconcileSuccess", "")),
        };
        api.Put($"{ControlPlanes}/{name}", status);
    }

    /// <summary>An operator that has a complaint and never gets further.</summary>
    public static Action<FakeApi, string, JsonObject> Complain(string message) => (api, verb, cp) =>
    {
        if (verb == "DELETE") return;
        var status = cp.DeepClone().AsObject();
        status["status"] = new JsonObject { ["conditions"] = new JsonArray(Condition("Synced", "False", "ReconcileError", message), Condition("Ready", "False", "Unavailable", "")) };
        api.Put($"{ControlPlanes}/{cp["metadata"]!["name"]}", status);
    };

    public static string Kubeconfig(string name, string server) => $$"""
        apiVersion: v1
        kind: Config
        current-context: {{name}}
        clusters: [{name: {{name}}-cluster, cluster: {server: "{{server}}"} }]
        contexts: [{name: {{name}}, context: {cluster: {{name}}-cluster, user: {{name}}-admin, namespace: default} }]
        users: [{name: {{name}}-admin, user: {token: secret} }]
        """;

    private static JsonObject Condition(string type, string status, string reason, string message) =>
        new() { ["type"] = type, ["status"] = status, ["reason"] = reason, ["message"] = message };

    private void Tell(string path, string type, JsonObject obj)
    {
        foreach (var (collection, events) in watchers)
            if (path[..path.LastIndexOf('/')] == collection) events.Writer.TryWrite(new JsonObject { ["type"] = type, ["object"] = obj.DeepClone() });
    }

    private async Task HandleAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value!);
        // Tenants have the same objects but host nobody: good enough for what is asked of them.
        if (path.StartsWith("/controlplanes/", StringComparison.Ordinal)) path = "/tenant" + path[path.IndexOf('/', "/controlplanes/".Length)..];
        Requests.Enqueue($"{method} {path}{context.Request.QueryString}");
        if (path is "/readyz" or "/version") await context.Response.WriteAsync(path == "/version" ? $"{{\"gitVersion\":\"v1.35.0\",\"minor\":\"35\",\"compiler\":\"{(IsOurs ? "dotnet" : "gc")}\"}}" : "ok");
        else if (path.Contains("tenancy.kflex", StringComparison.Ordinal) && (!ServesControlPlanes || path.StartsWith("/tenant/", StringComparison.Ordinal))) await StatusAsync(context, 404, "NotFound", "the server could not find the requested resource");
        else if (method == "GET" && Texts.TryGetValue(path, out var text)) await context.Response.WriteAsync(text);
        else if (path.EndsWith("/v1alpha1", StringComparison.Ordinal)) await context.Response.WriteAsync("{\"resources\":[{\"name\":\"controlplanes\",\"kind\":\"ControlPlane\"},{\"name\":\"postcreatehooks\",\"kind\":\"PostCreateHook\"}]}");
        else if (context.Request.Query.ContainsKey("watch")) await WatchAsync(context, path);
        else await StoreAsync(context, method, path);
    }

    private async Task StoreAsync(HttpContext context, string method, string path)
    {
        var body = method is "POST" or "PATCH" ? (await JsonNode.ParseAsync(context.Request.Body))!.AsObject() : null;
        if (method == "POST") path += $"/{body!["metadata"]!["name"]}";
        var existing = Get(path);
        if (method == "GET" && existing is null && IsCollection(path)) await ListAsync(context, path);
        else if (method == "POST" && existing is not null) await StatusAsync(context, 409, "AlreadyExists", $"{path} already exists");
        else if (body is not null)
        {
            if (method == "PATCH" && existing is not null && context.Request.ContentType == "application/merge-patch+json") body = Merge(existing, body);
            body["metadata"]!["uid"] = $"uid-{body["metadata"]!["name"]}";
            Put(path, body);
            if (path.StartsWith(ControlPlanes, StringComparison.Ordinal)) Operator(this, method, body.DeepClone().AsObject());
            if (method == "PATCH") Patched(this, path, body.DeepClone().AsObject());
            await context.Response.WriteAsync(body.ToJsonString());
        }
        else if (existing is null) await StatusAsync(context, 404, "NotFound", $"{path} not found");
        else
        {
            if (method == "DELETE" && path.StartsWith(ControlPlanes, StringComparison.Ordinal)) Operator(this, method, existing);
            else if (method == "DELETE") Remove(path);
            await context.Response.WriteAsync(existing.ToJsonString());
        }
    }

    private static bool IsCollection(string path) =>
        path[(path.LastIndexOf('/') + 1)..] is "controlplanes" or "postcreatehooks" or "namespaces" or "secrets" or "events" or "pods" or "deployments" or "customresourcedefinitions";

    // RFC 7386.
    private static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
            if (value is JsonObject inner) target[key] = Merge(target[key] as JsonObject is { } old ? old.DeepClone().AsObject() : [], inner);
            else if (value is null) target.Remove(key);
            else target[key] = value.DeepClone();
        return target;
    }

    private async Task ListAsync(HttpContext context, string path)
    {
        var name = Selected(context);
        JsonObject list;
        lock (gate)
        {
            var items = objects.Where(o => o.Key[..o.Key.LastIndexOf('/')] == path && (name is null || o.Key.EndsWith('/' + name))).Select(o => o.Value.DeepClone());
            list = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = $"{version}" }, ["items"] = new JsonArray([.. items]) };
        }
        await context.Response.WriteAsync(list.ToJsonString());
    }

    private async Task WatchAsync(HttpContext context, string path)
    {
        var events = Channel.CreateUnbounded<JsonObject>();
        lock (gate)
        {
            watchers.Add((path, events));
            var since = int.Parse(context.Request.Query["resourceVersion"]!, System.Globalization.CultureInfo.InvariantCulture);
            // What happened between the list and the watch (deletions aside: those end the watch, and the client lists again).
            foreach (var (key, obj) in objects.Where(o => o.Key[..o.Key.LastIndexOf('/')] == path))
                if (int.Parse((string)obj["metadata"]!["resourceVersion"]!, System.Globalization.CultureInfo.InvariantCulture) > since)
                    events.Writer.TryWrite(new JsonObject { ["type"] = "MODIFIED", ["object"] = obj.DeepClone() });
            if (Selected(context) is { } name && !objects.ContainsKey($"{path}/{name}")) events.Writer.TryComplete();
        }
        await context.Response.Body.FlushAsync();
        Watching(this, path);
        await foreach (var e in events.Reader.ReadAllAsync(context.RequestAborted))
        {
            if (Selected(context) is { } name && (string?)e["object"]!["metadata"]!["name"] != name) continue;
            await context.Response.WriteAsync(e.ToJsonString() + "\n");
            await context.Response.Body.FlushAsync();
        }
    }

    private static string? Selected(HttpContext context) => context.Request.Query["fieldSelector"].ToString() is var s && s.StartsWith("metadata.name=", StringComparison.Ordinal) ? s["metadata.name=".Length..] : null;

    private static async Task StatusAsync(HttpContext context, int code, string reason, string message)
    {
        context.Response.StatusCode = code;
        await context.Response.WriteAsync(new JsonObject { ["kind"] = "Status", ["reason"] = reason, ["message"] = message, ["code"] = code }.ToJsonString());
    }
}
