using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>PUT of an object or of a subresource that has the object's own kind.</summary>
internal static class Update
{
    public static async Task HandleAsync(ApiRequest r)
    {
        var result = await RunAsync(r);
        if (result.TryGet(out var written, out var error)) await ObjectAnswer.WriteAsync(r, written.Created ? 201 : 200, written.Bytes);
        else await Answer.ErrorAsync(r.Http, error);
    }

    private static async Task<Result<Written>> RunAsync(ApiRequest r)
    {
        if (r.Options.ValidateWrite("UpdateOptions") is { } invalid) return invalid;
        if (!(await ObjectDecoder.ReadAsync(r, r.Resource.Kind, r.Resource.Schema, r.Resource.Custom)).TryGet(out var obj, out var error)) return error;
        if (ObjectRules.CheckNames(r, obj, named: true) is { } mismatch) return mismatch;
        var creates = r.Subresource is null && r.Entry.Rules is { AllowCreateOnUpdate: true };
        if (creates && Meta.Of(obj).Text("resourceVersion") is { Length: > 0 } version && version != "0") creates = false;
        return await r.Plane.Writer.UpdateAsync(r, r.Name, new UpdatePlan(_ => (JsonObject)obj.DeepClone(), creates, Applied: false, r.SubresourceName));
    }
}
