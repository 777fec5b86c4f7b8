using KubeFlex.Controllers.Objects;

namespace KubeFlex.Controllers;

internal enum Controller
{
    GarbageCollector,
    Namespace,
    DefaultServiceAccount,
    RootCertificate,
    TokenSecret,
    TokenSecretsOfNamespace,
    Claim,
    Volume,
}

/// <summary>Something to look at in one control plane: a key of the process-wide work queue. <paramref name="Object"/> is set for garbage collection only.</summary>
internal sealed record WorkItem(ControlPlaneControllers Owner, Controller Controller, string Namespace, string Name = "", ObjectId? Object = null);
