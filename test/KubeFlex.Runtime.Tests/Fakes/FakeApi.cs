using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json.Nodes;
using System.Web;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Testing;

/// <summary>A resource that <see cref="FakeApi"/> serves.</summary>
public sealed record FakeResource(string Group, string Version, string Resource, string Kind, bool Namespaced);

/// <summary>One request that <see cref="FakeApi"/> got.</summary>
public sealed record FakeRequest(string Method, string Path, string Query)
{
    public bool IsWrite => Method != "GET";
}

/// <summary>
/// A Kubernetes API in memory, as much as clients and controllers need: list with paging, watch with history, create, update, merge patch,
/// server-side apply (maps merged, lists replaced), delete with finalizers, status subresource, namespaces that take their content along.
/// </summary>
public sealed class FakeApi : HttpMessageHandler
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, JsonObject> objects = [];
    private readonly Dictionary<string, SortedDictionary<string, JsonObject>> byResource = [];
    private readonly List<(long Version, string Collection, string Type, JsonObject Object)> history = [];
    private readonly List<Watcher> watchers = [];
    private readonly List<FakeRequest> requests = [];
    private readonly List<(Func<bool> Condition, TaskCompletionSource Done)> waiting = [];
    private long version = 100;
    private long compacted;

    public List<FakeResource> Served { get; } =
    [
        new("", "v1", "namespaces", "Namespace", false),
        new("", "v1", "secrets", "Secret", true),
        new("", "v1", "configmaps", "ConfigMap", true),
        new("", "v1", "serviceaccounts", "ServiceAccount", true),
        new("", "v1", "events", "Event", true),
        new("batch", "v1", "jobs", "Job", true),
        new("coordination.k8s.io", "v1", "leases", "Lease", true),
        new("apps", "v1", "deployments", "Deployment", true),
        new("apps", "v1", "statefulsets", "StatefulSet", true),
        new("", "v1", "services", "Service", true),
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true),
        new("networking.k8s.io", "v1", "ingresses", "Ingress", true),
        new("rbac.authorization.k8s.io", "v1", "roles", "Role", true),
        new("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true),
        new("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false),
        new("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false),
        new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false),
        new("tenancy.kflex.kubestellar.org", "v1alpha1", "controlplanes", "ControlPlane", false),
        new("tenancy.kflex.kubestellar.org", "v1alpha1", "postcreatehooks", "PostCreateHook", false),
    ];

    /// <summary>Answers a request in the API's stead when it does not return null.</summary>
    public Func<FakeRequest, HttpResponseMessage?>? Intercept { get; set; }

    /// <summary>Clock of creation and deletion timestamps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Namespaces that stay in termination until <see cref="Remove"/>.</summary>
    public HashSet<string> HeldNamespaces { get; } = [];

    public IReadOnlyList<FakeRequest> Requests
    {
        get
        {
            lock (gate) return [.. requests];
        }
    }

    public int WatcherCount
    {
        get
        {
            lock (gate) return watchers.Count;
        }
    }

    public KubeClient Client() => new(new HttpClient(this, disposeHandler: false) { BaseAddress = new Uri("https://fake.test/") });

    public void ClearRequests()
    {
        lock (gate) requests.Clear();
    }

    public JsonObject? Get(ResourceRef resource)
    {
        lock (gate) return (JsonObject?)objects.GetValueOrDefault(resource.Path)?.DeepClone();
    }

    public IReadOnlyList<JsonObject> All(ResourceRef collection)
    {
        lock (gate) return [.. InCollection(collection.Resource, collection.Namespace).Select(o => (JsonObject)o.Value.DeepClone())];
    }

    /// <summary>Stores an object from outside, as another client would.</summary>
    public JsonObject Put(ResourceRef resource, JsonObject obj)
    {
        lock (gate)
        {
            var known = (JsonObject)obj.DeepClone();
            var meta = Child(known, "metadata");
            meta["name"] = resource.Name;
            if (resource.Namespace is not null) meta["namespace"] = resource.Namespace;
            return Write(resource, known, objects.GetValueOrDefault(resource.Path));
        }
    }

    /// <summary>Removes an object at once, whatever its finalizers.</summary>
    public void Remove(ResourceRef resource)
    {
        lock (gate)
        {
            if (objects.GetValueOrDefault(resource.Path) is { } there) RemoveLocked(resource, there);
        }
    }

    /// <summary>Ends when the condition holds; looked at after each change.</summary>
    public Task UntilAsync(Func<bool> condition, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (condition()) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add((condition, done));
            return done.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends all watches, as a server does after their time.</summary>
    public void EndWatches()
    {
        lock (gate)
        {
            foreach (var watcher in watchers) watcher.Pipe.Writer.Complete();
            watchers.Clear();
        }
    }

    /// <summary>Forgets the history: older resource versions get 410.</summary>
    public void Compact()
    {
        lock (gate)
        {
            history.Clear();
            compacted = version;
        }
    }

    /// <summary>Moves the resource version on without an event, and tells watchers by a bookmark.</summary>
    public void Bookmark()
    {
        lock (gate)
        {
            version++;
            foreach (var watcher in watchers.ToList())
                Send(watcher, "BOOKMARK", new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) } });
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var log = new FakeRequest(request.Method.Method, request.RequestUri!.AbsolutePath.TrimStart('/'), request.RequestUri.Query);
        // Give way, as a network would: callers must not count on answers in line.
        await Task.Yield();
        lock (gate) requests.Add(log);
        if (Intercept?.Invoke(log) is { } answer) return answer;
        lock (gate)
        {
            var response = Handle(request, log, body);
            for (var i = waiting.Count - 1; i >= 0; i--)
            {
                if (!waiting[i].Condition()) continue;
                waiting[i].Done.TrySetResult();
                waiting.RemoveAt(i);
            }
            return response;
        }
    }

    public static HttpResponseMessage Failure(int code, string reason, string message) => Answer(code, new JsonObject
    {
        ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = message, ["reason"] = reason, ["code"] = code,
    });

    private HttpResponseMessage Handle(HttpRequestMessage request, FakeRequest log, byte[]? body)
    {
        var parts = log.Path.Split('/').Select(Uri.UnescapeDataString).ToList();
        var core = parts[0] == "api";
        var (group, rest) = core ? ("", parts[1..]) : (parts.Count > 1 ? parts[1] : "", parts.Count > 2 ? parts[2..] : []);
        if (rest.Count == 0) return Failure(404, "NotFound", "the server could not find the requested resource");
        var apiVersion = rest[0];
        rest = rest[1..];
        if (rest.Count == 0) return Discover(group, apiVersion);
        string? ns = null;
        if (rest[0] == "namespaces" && rest.Count > 2 && Served.Any(r => r.Namespaced && r.Group == group && r.Resource == rest[2]))
        {
            ns = rest[1];
            rest = rest[2..];
        }
        if (Served.Find(r => r.Group == group && r.Version == apiVersion && r.Resource == rest[0]) is not { } served)
            return Failure(404, "NotFound", "the server could not find the requested resource");
        var target = new ResourceRef(group, apiVersion, rest[0], ns, rest.ElementAtOrDefault(1));
        var query = HttpUtility.ParseQueryString(log.Query);
        var type = request.Content?.Headers.ContentType?.MediaType;
        return (log.Method, target.Name) switch
        {
            ("GET", null) when query["watch"] == "true" => Watch(target, query["resourceVersion"] ?? "", query["labelSelector"], query["fieldSelector"]),
            ("GET", null) => List(target, served, query["labelSelector"], query["fieldSelector"], query["limit"], query["continue"]),
            ("GET", _) => objects.TryGetValue(target.Path, out var found) ? Answer(200, found) : NotFound(target),
            ("POST", null) => Create(target, served, Parse(body)),
            ("PATCH", _) => Patch(target, served, rest.ElementAtOrDefault(2), type, body!),
            ("PUT", _) => objects.TryGetValue(target.Path, out var old) ? Update(target, Parse(body), old) : NotFound(target),
            ("DELETE", _) => Delete(target, Parse(body)),
            _ => Failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"),
        };
    }

    private HttpResponseMessage Discover(string group, string apiVersion)
    {
        var list = Served.Where(r => r.Group == group && r.Version == apiVersion).ToList();
        if (list.Count == 0) return Failure(404, "NotFound", "the server could not find the requested resource");
        return Answer(200, new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["groupVersion"] = group.Length == 0 ? apiVersion : $"{group}/{apiVersion}",
            ["resources"] = new JsonArray([.. list.Select(r => (JsonNode)new JsonObject { ["name"] = r.Resource, ["kind"] = r.Kind, ["namespaced"] = r.Namespaced })]),
        });
    }

    private HttpResponseMessage List(ResourceRef target, FakeResource served, string? selector, string? fields, string? limit, string? from)
    {
        var all = InCollection(target.Resource, target.Namespace).Where(o => Matches(o.Value, selector) && MatchesFields(o.Value, fields)).ToList();
        var skip = from is null ? 0 : all.FindIndex(o => string.CompareOrdinal(o.Key, from) > 0) is var at && at < 0 ? all.Count : at;
        var page = all.Skip(skip).Take(limit is null ? int.MaxValue : int.Parse(limit, CultureInfo.InvariantCulture)).ToList();
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
        if (skip + page.Count < all.Count) metadata["continue"] = page[^1].Key;
        return Answer(200, new JsonObject
        {
            ["kind"] = served.Kind + "List",
            ["apiVersion"] = served.Group.Length == 0 ? served.Version : $"{served.Group}/{served.Version}",
            ["metadata"] = metadata,
            ["items"] = new JsonArray([.. page.Select(o => o.Value.DeepClone())]),
        });
    }

    private HttpResponseMessage Watch(ResourceRef target, string from, string? selector, string? fields)
    {
        var since = long.TryParse(from, CultureInfo.InvariantCulture, out var v) ? v : version;
        if (since < compacted) return Failure(410, "Expired", "too old resource version");
        var watcher = new Watcher(target.Resource, target.Namespace, selector, fields, new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false)));
        foreach (var e in history.Where(h => h.Version > since && h.Collection == target.Resource && Wants(watcher, h.Object))) Send(watcher, e.Type, e.Object);
        watchers.Add(watcher);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(watcher.Pipe.Reader.AsStream()) };
    }

    private HttpResponseMessage Create(ResourceRef target, FakeResource served, JsonObject obj)
    {
        var name = (string?)obj["metadata"]?["name"] ?? "";
        var at = target.Named(name);
        if (served.Namespaced && !objects.ContainsKey(new ResourceRef("", "v1", "namespaces", null, target.Namespace).Path) && target.Namespace != "default")
            return Failure(404, "NotFound", $"namespaces \"{target.Namespace}\" not found");
        if (objects.TryGetValue(at.Path, out _)) return Failure(409, "AlreadyExists", $"{target.Resource} \"{name}\" already exists");
        Manage(obj, "Update");
        return Answer(201, Write(at, obj, null));
    }

    private HttpResponseMessage Patch(ResourceRef target, FakeResource served, string? subresource, string? type, byte[] body)
    {
        if (type == "application/apply-patch+yaml" && body[0] != '{') return Answer(200, Write(target, Applied(target, body), objects.GetValueOrDefault(target.Path)));
        var patch = Parse(body);
        if (!objects.TryGetValue(target.Path, out var old))
        {
            if (type != "application/apply-patch+yaml") return NotFound(target);
            return Create(target with { Name = null }, served, patch);
        }
        var wanted = (string?)patch["metadata"]?["resourceVersion"];
        if (wanted is not null && wanted != (string?)old["metadata"]!["resourceVersion"])
            return Failure(409, "Conflict", $"Operation cannot be fulfilled on {target.Resource} \"{target.Name}\": the object has been modified");
        var merged = (JsonObject)old.DeepClone();
        if (subresource == "status")
        {
            if (served.Kind == "ControlPlane" && !IsValidStatus(Merge((JsonObject)(old["status"] ?? new JsonObject()).DeepClone(), (JsonObject)patch["status"]!)))
                return Failure(422, "Invalid", "status.conditions and status.observedGeneration are required");
            merged["status"] = Merge((JsonObject)(merged["status"] ?? new JsonObject()).DeepClone(), (JsonObject)patch["status"]!);
        }
        else
        {
            patch.Remove("status");
            merged = Merge(merged, patch);
            if (type == "application/apply-patch+yaml") Manage(merged, "Apply");
        }
        return Answer(200, Write(target, merged, old));
    }

    private HttpResponseMessage Update(ResourceRef target, JsonObject obj, JsonObject old) =>
        (string?)obj["metadata"]?["resourceVersion"] is { } wanted && wanted != (string?)old["metadata"]!["resourceVersion"]
            ? Failure(409, "Conflict", $"Operation cannot be fulfilled on {target.Resource} \"{target.Name}\": the object has been modified")
            : Answer(200, Write(target, obj, old));

    private HttpResponseMessage Delete(ResourceRef target, JsonObject options)
    {
        if (!objects.TryGetValue(target.Path, out var there)) return NotFound(target);
        if ((string?)options["preconditions"]?["uid"] is { } uid && uid != (string?)there["metadata"]!["uid"])
            return Failure(409, "Conflict", "the UID in the precondition does not match");
        var held = target.Resource == "namespaces" && HeldNamespaces.Contains(target.Name!);
        if (!held && there["metadata"]!["finalizers"] is not JsonArray { Count: > 0 })
        {
            RemoveLocked(target, there);
            return Answer(200, new JsonObject { ["kind"] = "Status", ["status"] = "Success" });
        }
        var marked = (JsonObject)there.DeepClone();
        marked["metadata"]!["deletionTimestamp"] ??= Stamp();
        return Answer(200, Write(target, marked, there));
    }

    private JsonObject Write(ResourceRef target, JsonObject obj, JsonObject? old)
    {
        obj = (JsonObject)obj.DeepClone();
        var meta = Child(obj, "metadata");
        meta["uid"] = (string?)old?["metadata"]?["uid"] ?? Guid.NewGuid().ToString();
        meta["creationTimestamp"] = (string?)old?["metadata"]?["creationTimestamp"] ?? Stamp();
        meta["resourceVersion"] = (string?)old?["metadata"]?["resourceVersion"] ?? "";
        var generation = long.Parse(old?["metadata"]?["generation"]?.ToString() ?? "0", CultureInfo.InvariantCulture);
        meta["generation"] = JsonNode.DeepEquals(old?["spec"], obj["spec"]) && old is not null ? generation : generation + 1;
        if (old is not null && JsonNode.DeepEquals(old, obj)) return (JsonObject)old.DeepClone();
        meta["resourceVersion"] = (++version).ToString(CultureInfo.InvariantCulture);
        if (meta["deletionTimestamp"] is not null && meta["finalizers"] is not JsonArray { Count: > 0 } && !HeldNamespaces.Contains(target.Name ?? ""))
        {
            RemoveLocked(target, obj);
            return obj;
        }
        objects[target.Path] = obj;
        if (!byResource.TryGetValue(target.Resource, out var collection)) byResource[target.Resource] = collection = new(StringComparer.Ordinal);
        collection[target.Path] = obj;
        Publish(target, old is null ? "ADDED" : "MODIFIED", obj);
        return (JsonObject)obj.DeepClone();
    }

    private void RemoveLocked(ResourceRef target, JsonObject last)
    {
        objects.Remove(target.Path);
        if (byResource.TryGetValue(target.Resource, out var listed)) listed.Remove(target.Path);
        var gone = (JsonObject)last.DeepClone();
        gone["metadata"]!["resourceVersion"] = (++version).ToString(CultureInfo.InvariantCulture);
        Publish(target, "DELETED", gone);
        if (target.Resource != "namespaces") return;
        foreach (var served in Served.Where(r => r.Namespaced))
        {
            var collection = new ResourceRef(served.Group, served.Version, served.Resource, target.Name);
            foreach (var (_, obj) in InCollection(served.Resource, target.Name).ToList()) RemoveLocked(collection.Named((string)obj["metadata"]!["name"]!), obj);
        }
    }

    private void Publish(ResourceRef target, string type, JsonObject obj)
    {
        var copy = (JsonObject)obj.DeepClone();
        history.Add((version, target.Resource, type, copy));
        foreach (var watcher in watchers.Where(w => w.Resource == target.Resource && Wants(w, copy)).ToList()) Send(watcher, type, copy);
        for (var i = waiting.Count - 1; i >= 0; i--)
        {
            if (!waiting[i].Condition()) continue;
            waiting[i].Done.TrySetResult();
            waiting.RemoveAt(i);
        }
    }

    private void Send(Watcher watcher, string type, JsonObject obj)
    {
        var frame = KubeJson.ToUtf8(new JsonObject { ["type"] = type, ["object"] = obj.DeepClone() });
        watcher.Pipe.Writer.Write(frame.AsSpan());
        watcher.Pipe.Writer.Write("\n"u8);
        if (watcher.Pipe.Writer.FlushAsync().AsTask().GetAwaiter().GetResult().IsCompleted) watchers.Remove(watcher);
    }

    private IEnumerable<KeyValuePair<string, JsonObject>> InCollection(string resource, string? ns) => ns is null
        ? byResource.TryGetValue(resource, out var all) ? all : []
        : byResource.TryGetValue(resource, out var some) ? some.Where(o => o.Key.Contains($"/namespaces/{ns}/", StringComparison.Ordinal)) : [];

    private static bool Wants(Watcher watcher, JsonObject obj) => Matches(obj, watcher.Selector)
        && (watcher.Namespace is null || (string?)obj["metadata"]!["namespace"] == watcher.Namespace)
        && MatchesFields(obj, watcher.Fields);

    private static bool MatchesFields(JsonObject obj, string? fields) => fields is null || fields == $"metadata.name={(string?)obj["metadata"]!["name"]}";

    private static bool Matches(JsonObject obj, string? selector) =>
        selector is null || (selector.Split('=') is [var key, var value] ? (string?)obj["metadata"]?["labels"]?[key] == value : obj["metadata"]?["labels"]?[selector] is not null);

    private static bool IsValidStatus(JsonObject status) => status["conditions"] is JsonArray && status["observedGeneration"] is not null;

    /// <summary>YAML is not read here: a definition that is applied is established, and its text is kept.</summary>
    private static JsonObject Applied(ResourceRef target, byte[] yaml) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = target.Name },
        ["yaml"] = System.Text.Encoding.UTF8.GetString(yaml),
        ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Established", ["status"] = "True" }) },
    };

    private static JsonObject Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null) into.Remove(key);
            else if (value is JsonObject o && into[key] is JsonObject there) Merge(there, o);
            else into[key] = value is JsonObject fresh ? Merge([], fresh) : value.DeepClone();
        }
        return into;
    }

    private static void Manage(JsonObject obj, string operation) => Child(obj, "metadata")["managedFields"] =
        new JsonArray(new JsonObject { ["manager"] = "kubeflex", ["operation"] = operation });

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child) parent[name] = child = [];
        return child;
    }

    private string Stamp() => Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JsonObject Parse(byte[]? body) => body is { Length: > 0 } ? (JsonObject)JsonNode.Parse(body)! : [];

    private static HttpResponseMessage NotFound(ResourceRef target) => Failure(404, "NotFound", $"{target.Resource} \"{target.Name}\" not found");

    private static HttpResponseMessage Answer(int code, JsonObject body) => new((HttpStatusCode)code) { Content = new ByteArrayContent(KubeJson.ToUtf8(body)) };

    private sealed record Watcher(string Resource, string? Namespace, string? Selector, string? Fields, Pipe Pipe);
}
