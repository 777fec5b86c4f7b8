using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Etcd;
using KubeFlex.Operator;

namespace KubeFlex.Server.StorageOnly;

/// <summary>Who a client of the storage service is, by the subject of its certificate, which TLS has checked.</summary>
/// <param name="Store">The one store that it may see, or null.</param>
/// <param name="IsAdministrator">Whether it makes and deletes stores; then it sees what is in none.</param>
internal sealed record StoreClient(string? Store, bool IsAdministrator)
{
    private const string CommonName = "2.5.4.3", Organization = "2.5.4.10";

    public static readonly StoreClient Nobody = new(null, false);

    /// <summary>Exactly one common name and one organization, or the certificate is nobody's: two would leave open which of them was meant.</summary>
    public static StoreClient Of(X509Certificate2 certificate)
    {
        List<string> names = [], organizations = [];
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements) return Nobody;
            var type = part.GetSingleElementType().Value;
            if (type == CommonName) names.Add(part.GetSingleElementValue() ?? "");
            else if (type == Organization) organizations.Add(part.GetSingleElementValue() ?? "");
        }
        return (names, organizations) switch
        {
            ([var name], [StorageServiceIdentity.StoreGroup]) when StoreDirectory.IsName(name) => new(name, false),
            ([_], [StorageServiceIdentity.AdministratorGroup]) => new(null, true),
            _ => Nobody,
        };
    }
}

/// <summary>The store that a client's certificate names, if there is one.</summary>
internal sealed class StoreClients(StoreDirectory stores) : IStoreResolver
{
    // One connection has one certificate object for all its calls.
    private readonly ConditionalWeakTable<X509Certificate2, StoreClient> known = [];

    public StoreClient Of(X509Certificate2? certificate) => certificate is null ? StoreClient.Nobody : known.GetValue(certificate, StoreClient.Of);

    public ValueTask<KubeFlex.Storage.Store?> ResolveAsync(X509Certificate2? certificate, CancellationToken cancellation)
    {
        var client = Of(certificate);
        if (client.Store is { } name) return stores.Contains(name) ? stores.FindAsync(name, cancellation) : throw new StoreRefusedException($"store \"{name}\" does not exist; its administrator makes and deletes stores");
        throw new StoreRefusedException(client.IsAdministrator ? "this is the administrator's certificate, which opens no store"
            : $"the certificate's subject names no store: it must be O={StorageServiceIdentity.StoreGroup}, CN=<store>");
    }
}
