using System.Security.Cryptography.X509Certificates;
using KubeFlex.Storage;

namespace KubeFlex.Etcd;

/// <summary>A client may see no store; it is told why.</summary>
/// <param name="message">For the client.</param>
public sealed class StoreRefusedException(string message) : Exception(message);

/// <summary>Which store a client may see.</summary>
public interface IStoreResolver
{
    /// <summary>The store for a client's certificate, which TLS has checked; null, or a <see cref="StoreRefusedException"/>, for a client that may see none.</summary>
    ValueTask<Store?> ResolveAsync(X509Certificate2? certificate, CancellationToken cancellation);

    /// <summary>The store, if it is known without asking anybody; null does not mean that there is none.</summary>
    Store? TryResolve(X509Certificate2? certificate) => null;
}

/// <summary>One store for everybody: a loopback port or a unix socket of a child process.</summary>
/// <param name="store">The store.</param>
public sealed class FixedStoreResolver(Store store) : IStoreResolver
{
    /// <inheritdoc/>
    public ValueTask<Store?> ResolveAsync(X509Certificate2? certificate, CancellationToken cancellation) => new(store);

    /// <inheritdoc/>
    public Store? TryResolve(X509Certificate2? certificate) => store;
}

/// <summary>The certificate names the store; a client without one sees none.</summary>
/// <param name="find">Answers the store of a certificate, or null.</param>
public sealed class CertificateStoreResolver(Func<X509Certificate2, CancellationToken, ValueTask<Store?>> find) : IStoreResolver
{
    /// <inheritdoc/>
    public ValueTask<Store?> ResolveAsync(X509Certificate2? certificate, CancellationToken cancellation) =>
        certificate is null ? new((Store?)null) : find(certificate, cancellation);
}

/// <summary>One store for everybody, opened anew when this server has lost it to another and got it back.</summary>
/// <param name="datastore">Where it is.</param>
/// <param name="name">Its name.</param>
public sealed class NamedStoreResolver(Datastore datastore, string name) : IStoreResolver
{
    private Store? opened;

    /// <inheritdoc/>
    public async ValueTask<Store?> ResolveAsync(X509Certificate2? certificate, CancellationToken cancellation) => opened = await datastore.OpenStoreAsync(name, cancellation);

    /// <inheritdoc/>
    public Store? TryResolve(X509Certificate2? certificate) => Volatile.Read(ref opened) is { Ended: false } known ? known : null;
}
