namespace KubeFlex.Operator;

/// <summary>
/// How the KubeFlex storage service tells its clients apart: by organization (O) and common name (CN) of the certificates that the operator issues and the
/// service reads.
/// </summary>
public static class StorageServiceIdentity
{
    /// <summary>Organization of a control plane's certificate; its common name is the one store that it opens.</summary>
    public const string StoreGroup = "kubeflex:store";

    /// <summary>Organization of who makes and deletes stores, and opens none.</summary>
    public const string AdministratorGroup = "kubeflex:store-administrator";
}
