using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Admission;

/// <summary>One admission plugin: may change the object or refuse the write.</summary>
internal interface IAdmissionPlugin
{
    /// <summary>Null when the write may go on.</summary>
    ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation);
}

/// <summary>The plugins in the order kube-apiserver runs them.</summary>
internal static class AdmissionChain
{
    private static readonly IAdmissionPlugin[] Plugins =
    [
        new NamespaceLifecycle(), new ServiceAccountAdmission(), new PriorityAdmission(), new DefaultTolerations(),
        new StorageProtection(), new DefaultClasses(),
    ];

    public static async ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation)
    {
        foreach (var plugin in Plugins)
            if (await plugin.AdmitAsync(change, cancellation) is { } error) return error;
        return null;
    }
}
