using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>POST to a collection.</summary>
internal static class Create
{
    public static async Task HandleAsync(ApiRequest r)
    {
        var result = await RunAsync(r);
        if (result.TryGet(out var written, out var error)) await ObjectAnswer.WriteAsync(r, 201, written.Bytes);
        else await Answer.ErrorAsync(r.Http, error);
    }

    private static async Task<Result<Written>> RunAsync(ApiRequest r)
    {
        if (r.Options.ValidateWrite("CreateOptions") is { } invalid) return invalid;
        if (!(await ObjectDecoder.ReadAsync(r, r.Resource.Kind, r.Resource.Schema, r.Resource.Custom)).TryGet(out var obj, out var error)) return error;
        if (ObjectRules.CheckNames(r, obj, named: false) is { } mismatch) return mismatch;
        if (Meta.Of(obj).Text("resourceVersion") is { Length: > 0 } version && version != "0") return ApiError.BadRequest("resourceVersion should not be set on objects to be created");
        return await r.Plane.Writer.CreateAsync(r, obj);
    }
}
