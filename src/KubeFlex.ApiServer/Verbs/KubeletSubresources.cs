using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Logs, exec and the like need a kubelet, and no node of a control plane like this is reachable: the answers are those of an API server that cannot reach one.</summary>
internal static class KubeletSubresources
{
    public static async Task HandleAsync(ApiRequest r)
    {
        var view = await r.Plane.Store.ViewAsync(r.Cancellation);
        if (view.Get(r.Entry.Key(r.Namespace, r.Name)) is not { } found)
        {
            await Answer.ErrorAsync(r.Http, ApiError.NotFound(r.GroupResource, r.Name));
            return;
        }
        if (r.Resource.Resource == "services") { await Answer.ErrorAsync(r.Http, new ApiError(503, "ServiceUnavailable", $"no endpoints available for service \"{r.Name}\"")); return; }
        var node = r.Resource.Resource == "nodes" ? r.Name : ObjectBytes.Parse(found.Value).Child("spec").Text("nodeName");
        if (node.Length == 0)
        {
            // A pod nobody runs yet has written no logs; it has nothing to attach to either.
            if (r.SubresourceName == "log") await Answer.TextAsync(r.Http, 200, "");
            else await Answer.ErrorAsync(r.Http, ApiError.BadRequest($"pod {r.Name} does not have a host assigned"));
            return;
        }
        await Answer.ErrorAsync(r.Http, ApiError.Internal($"no kubelet can be reached on node {node}: this control plane runs no workloads itself"));
    }
}
