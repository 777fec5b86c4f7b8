namespace KubeFlex.Storage.Membership;

/// <summary>What a database that several servers share keeps of them. Calls block; failures are <see cref="StorageException"/>s. All times are the database's.</summary>
internal interface IMemberTable
{
    /// <summary>Enters a server for as long as <paramref name="lease"/>.</summary>
    void Join(StoreOwner member, TimeSpan lease);

    /// <summary>Gives it as long again; false when it is no longer there: somebody has taken a store of its over.</summary>
    bool Renew(string id, TimeSpan lease);

    /// <summary>Takes it out: its stores are free at once.</summary>
    void Leave(string id);

    /// <summary>Servers whose lease runs, by id.</summary>
    IReadOnlyList<StoreOwner> Members();

    /// <summary>The living owner of a store; null when there is none, or no such store.</summary>
    StoreOwner? OwnerOf(string store);

    /// <summary>Names of the stores that have a living owner.</summary>
    IReadOnlyList<string> Owned();

    /// <summary>Gives a store up: the next server that asks gets it. Nothing happens when its epoch is another by now.</summary>
    void Release(long store, long epoch);

    /// <summary>What is kept under a key; <paramref name="value"/> if it was nothing.</summary>
    string GetOrAddSetting(string key, string value);
}
