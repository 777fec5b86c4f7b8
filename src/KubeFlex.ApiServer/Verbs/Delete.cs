using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>DELETE of one object.</summary>
internal static class Delete
{
    // Kinds whose storage answers a deletion with the deleted object; all others with a Status.
    private static readonly HashSet<string> AnswersWithObject =
    [
        "persistentvolumes", "persistentvolumeclaims", "podtemplates", "pods", "resourcequotas", "services", "serviceaccounts",
        "storage.k8s.io/csidrivers", "storage.k8s.io/csinodes", "storage.k8s.io/storageclasses", "storage.k8s.io/volumeattachments", "storage.k8s.io/volumeattributesclasses",
    ];

    public static async Task HandleAsync(ApiRequest r)
    {
        if (!(await DeleteOptions.ReadAsync(r)).TryGet(out var options, out var error)) { await Answer.ErrorAsync(r.Http, error); return; }
        if (!(await Deletion.DeleteAsync(r, r.Namespace, r.Name, options, r.Cancellation)).TryGet(out var deleted, out error)) { await Answer.ErrorAsync(r.Http, error); return; }
        if (!deleted.Gone)
        {
            await ObjectAnswer.WriteAsync(r, options.OrphanDependents == false ? 202 : 200, deleted.Object);
            return;
        }
        var resource = r.Resource.Kind.Group.Length == 0 ? r.Resource.Resource : $"{r.Resource.Kind.Group}/{r.Resource.Resource}";
        if (AnswersWithObject.Contains(resource)) await ObjectAnswer.WriteAsync(r, 200, deleted.Object);
        else await Answer.NodeAsync(r.Http, 200, Success(r, ObjectBytes.Parse(deleted.Object)), r.Accept, r.Options.Pretty);
    }

    private static JsonObject Success(ApiRequest r, JsonObject obj)
    {
        var details = new JsonObject { ["name"] = r.Name };
        if (r.Resource.Kind.Group.Length > 0) details["group"] = r.Resource.Kind.Group;
        details["kind"] = r.Resource.Resource;
        details["uid"] = Meta.Uid(obj);
        return new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details };
    }
}
