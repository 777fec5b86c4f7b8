using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>Passes on which stores other servers have taken over: datastores are opened before those who must know are there.</summary>
internal sealed class LostStores
{
    private Action<Store>? listener;

    public void Attach(Action<Store> to) => Volatile.Write(ref listener, to);

    public void Tell(Store store) => Volatile.Read(ref listener)?.Invoke(store);
}
