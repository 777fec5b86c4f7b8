using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.ApiServer.Strategies;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.CustomResources;

/// <summary>A definition that is being deleted: first its objects go (their finalizers permitting), then the definition itself.</summary>
internal sealed class DefinitionCleanup(ControlPlane plane, ResourceEntry definitions)
{
    private static readonly UserInfo Self = new("system:apiserver", ["system:masters"]);

    /// <summary>One step; called again whenever one of the objects is gone. True when the definition itself is gone now.</summary>
    public async ValueTask<bool> RunAsync(KeyValue found, JsonObject crd, CancellationToken cancellation)
    {
        var finalizers = Meta.Of(crd).List("finalizers").Strings().ToList();
        if (!finalizers.Contains(DefinitionStrategy.Cleanup)) return false;
        var left = await DeleteObjectsAsync(crd, cancellation);
        var changed = (JsonObject)crd.DeepClone();
        var metadata = Meta.Of(changed);
        if (left > 0)
        {
            if (!DefinitionConditions.Set(changed, "Terminating", "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress", plane.Now)) return false;
        }
        else
        {
            DefinitionConditions.Set(changed, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances", plane.Now);
            finalizers.Remove(DefinitionStrategy.Cleanup);
            if (finalizers.Count == 0) metadata.Remove("finalizers");
            else metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => JsonValue.Create(f))]);
        }
        var (value, at) = ObjectBytes.Encode(changed);
        var gone = Deletion.IsDone(definitions, changed);
        var result = await plane.Store.CommitAsync(new Transaction([new Compare(found.Key, CompareTarget.ModRevision, CompareRelation.Equal, found.ModRevision)],
            [gone ? new DeleteOperation(found.Key) : new PutOperation(found.Key, value, 0, at)], []), cancellation);
        return gone && result.Succeeded;
    }

    private async ValueTask<long> DeleteObjectsAsync(JsonObject crd, CancellationToken cancellation)
    {
        var compiled = plane.Shared.Definitions.Get(crd);
        if (compiled.Entries.Count == 0) return 0;
        var entry = compiled.Entries[0];
        var (start, end) = entry.Range("");
        var view = await plane.Store.ViewAsync(cancellation);
        var request = new ApiRequest
        {
            Http = new DefaultHttpContext(), Plane = plane, Info = new RequestInfo { Path = "" }, User = Self, Entry = entry, Subresource = null, Options = QueryOptions.None, Accept = MediaType.Json,
        };
        foreach (var kv in view.Range(new RangeQuery(start, end)).Items)
        {
            var obj = ObjectBytes.Parse(kv.Value);
            if (Meta.Deleting(obj)) continue;
            await Deletion.DeleteAsync(request, Meta.Namespace(obj), Meta.Name(obj), new DeleteOptions(Meta.Uid(obj), null, null, null, null, false), cancellation);
        }
        return (await plane.Store.ViewAsync(cancellation)).Range(new RangeQuery(start, end, CountOnly: true)).Count;
    }
}
