using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Sends requests for subresources to those who know them.</summary>
internal static class Subresources
{
    public static Task HandleAsync(ApiRequest r)
    {
        var sub = r.Subresource!;
        if (sub.Name is "log" or "exec" or "attach" or "portforward" or "proxy") return KubeletSubresources.HandleAsync(r);
        if (r.Info.HasTail || r.Name.Length == 0) return Answer.ErrorAsync(r.Http, ApiError.NoSuchPath());
        if (!sub.Verbs.Contains(r.Info.Verb)) return Answer.ErrorAsync(r.Http, ApiError.MethodNotAllowed());
        return sub.Name switch
        {
            "scale" => ScaleSubresource.HandleAsync(r),
            "binding" => BindingSubresource.HandleAsync(r),
            "eviction" => EvictionSubresource.HandleAsync(r),
            "token" => TokenSubresource.HandleAsync(r),
            _ => r.Info.Verb switch
            {
                "get" => Get.HandleAsync(r),
                "update" => Update.HandleAsync(r),
                "patch" => Patch.HandleAsync(r),
                _ => Answer.ErrorAsync(r.Http, ApiError.MethodNotAllowed()),
            },
        };
    }
}
