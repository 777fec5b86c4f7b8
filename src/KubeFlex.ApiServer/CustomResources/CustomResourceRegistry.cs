using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Discovery;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.CustomResources;

/// <summary>What the definitions of a control plane serve at some moment.</summary>
internal sealed record CustomResourceSnapshot(ResourceTable Table, IReadOnlyList<CompiledDefinition> Definitions, Documents Documents);

/// <summary>
/// Keeps the served custom resources in step with the definitions in the store. Driven by the store's changes: no timer, no thread. A writer
/// of a definition waits until its change is served, so its next request finds the resource.
/// </summary>
internal sealed class CustomResourceRegistry : IAsyncDisposable
{
    private readonly ControlPlane plane;
    private readonly ResourceEntry definitions;
    private readonly byte[] start, end;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly ConditionalWeakTable<KeyValue, JsonObject> parsed = [];
    private readonly DefinitionCleanup cleanup;
    private IDisposable? subscription;
    private volatile byte[][] terminating = [];
    private int scheduled;

    public CustomResourceRegistry(ControlPlane plane)
    {
        this.plane = plane;
        definitions = plane.BuiltIn("apiextensions.k8s.io", "v1", "customresourcedefinitions");
        (start, end) = definitions.Range("");
        cleanup = new DefinitionCleanup(plane, definitions);
        Current = new CustomResourceSnapshot(ResourceTable.Empty, [], plane.Shared.BuiltInDocuments);
    }

    /// <summary>Replaced as a whole; readers never wait.</summary>
    public CustomResourceSnapshot Current { get; private set; }

    public async Task StartAsync(CancellationToken cancellation)
    {
        subscription = plane.Store.Subscribe(OnChanges);
        await SettleAsync(cancellation);
    }

    /// <summary>Takes the definitions as they are now.</summary>
    public async ValueTask SettleAsync(CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            var view = await plane.Store.ViewAsync(cancellation);
            var items = view.Range(new RangeQuery(start, end)).Items;
            if (items.Count == 0 && Current.Definitions.Count == 0) return;
            if (await AcceptNamesAsync(items, cancellation))
            {
                view = await plane.Store.ViewAsync(cancellation);
                items = view.Range(new RangeQuery(start, end)).Items;
            }
            Take([.. items.Select(Parsed)]);
        }
        finally { gate.Release(); }
        await CleanUpAsync(cancellation);
    }

    public ValueTask DisposeAsync()
    {
        subscription?.Dispose();
        return ValueTask.CompletedTask;
    }

    private JsonObject Parsed(KeyValue kv) => parsed.GetValue(kv, static kv => ObjectBytes.Parse(kv.Value));

    private async ValueTask<bool> AcceptNamesAsync(IReadOnlyList<KeyValue> items, CancellationToken cancellation)
    {
        var all = items.Select(Parsed).ToList();
        var wrote = false;
        for (var i = 0; i < items.Count; i++)
        {
            // Status is written once per definition and change: most of the time there is nothing to say.
            var copy = (JsonObject)all[i].DeepClone();
            if (!NameAcceptance.Settle(copy, all, plane.Now)) continue;
            all[i] = copy;
            var (value, at) = ObjectBytes.Encode(copy);
            await plane.Store.CommitAsync(new Transaction([new Compare(items[i].Key, CompareTarget.ModRevision, CompareRelation.Equal, items[i].ModRevision)],
                [new PutOperation(items[i].Key, value, 0, at)], []), cancellation);
            wrote = true;
        }
        return wrote;
    }

    private void Take(IReadOnlyList<JsonObject> all)
    {
        var compiled = new List<CompiledDefinition>();
        var ending = new List<byte[]>();
        foreach (var crd in all)
        {
            if (!DefinitionConditions.IsTrue(crd, "Established")) continue;
            try
            {
                var definition = plane.Shared.Definitions.Get(crd);
                compiled.Add(definition);
                if (Meta.Deleting(crd) && definition.Entries.Count > 0) ending.Add(definition.Entries[0].KeyPrefix);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
            {
                Log.DefinitionFailed(plane.Shared.Log, e, plane.Options.Name, Meta.Name(crd));
            }
        }
        terminating = [.. ending];
        if (Same(compiled, Current.Definitions)) return;
        var table = compiled.Count == 0 ? ResourceTable.Empty : new ResourceTable(compiled.SelectMany(c => c.Entries));
        var documents = compiled.Count == 0 ? plane.Shared.BuiltInDocuments : new Documents(plane.Shared.Catalog, [.. compiled.SelectMany(c => c.Published)], plane.Shared.BuiltInDocuments);
        Current = new CustomResourceSnapshot(table, compiled, documents);
    }

    private static bool Same(List<CompiledDefinition> a, IReadOnlyList<CompiledDefinition> b)
    {
        if (a.Count != b.Count) return false;
        for (var i = 0; i < a.Count; i++)
            if (!ReferenceEquals(a[i], b[i])) return false;
        return true;
    }

    private async ValueTask CleanUpAsync(CancellationToken cancellation)
    {
        var view = await plane.Store.ViewAsync(cancellation);
        var gone = false;
        foreach (var kv in view.Range(new RangeQuery(start, end)).Items)
        {
            var crd = Parsed(kv);
            if (Meta.Deleting(crd)) gone |= await cleanup.RunAsync(kv, crd, cancellation);
        }
        // What is gone is no longer served when the deletion is answered.
        if (gone) await SettleAsync(cancellation);
    }

    // On the store's thread: looks at keys only, and leaves the work to somebody else.
    private void OnChanges(Store store, IReadOnlyList<StoreEvent> events)
    {
        foreach (var e in events)
        {
            var key = e.Current.Key.AsSpan();
            var relevant = key.StartsWith(start);
            foreach (var prefix in terminating) relevant |= e.Kind == EventKind.Delete && key.StartsWith(prefix);
            if (!relevant) continue;
            if (Interlocked.Exchange(ref scheduled, 1) == 0) _ = Task.Run(SettleLaterAsync);
            return;
        }
    }

    private async Task SettleLaterAsync()
    {
        Interlocked.Exchange(ref scheduled, 0);
        try
        {
            await SettleAsync(plane.Stopping);
        }
        catch (Exception e) when (e is OperationCanceledException or StorageException)
        {
            // The next change of a definition, or the next start, tries again.
            if (!plane.Stopping.IsCancellationRequested) Log.CleanupFailed(plane.Shared.Log, plane.Options.Name, "*", e.Message);
        }
    }
}
