using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Admission;

/// <summary>Nothing is created in a namespace that is not there or is going away.</summary>
internal sealed class NamespaceLifecycle : IAdmissionPlugin
{
    public ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation) => new(Check(change));

    private static ApiError? Check(Change change)
    {
        if (change.Operation != "create" || !change.Entry.Info.Namespaced) return null;
        var ns = change.Namespace;
        var found = change.View.Get(change.Plane.BuiltIn("", "v1", "namespaces").Key("", ns));
        if (found is null) return ApiError.NotFound(new GroupResource("", "namespaces"), ns);
        // Deleting namespaces carry the time of deletion; the search costs less than parsing each namespace on each create.
        if (found.Value.AsSpan().IndexOf("\"deletionTimestamp\":"u8) < 0) return null;
        if (!Meta.Deleting(ObjectBytes.Parse(found.Value))) return null;
        var refused = ApiError.Forbidden(change.Entry.Info.GroupResource, change.Name, $"unable to create new content in namespace {ns} because it is being terminated");
        return refused with { Details = refused.Details! with { Causes = [new StatusCause("NamespaceTerminating", $"namespace {ns} is being terminated", "metadata.namespace")] } };
    }
}
