using System.Collections.Frozen;

namespace KubeFlex.Machinery.Tables;

/// <summary>Descriptions of built-in kinds' columns, as stock servers publish them. Name and age are alike everywhere.</summary>
internal static class ColumnDescriptions
{
    private static readonly FrozenDictionary<(string Kind, string Column), string> Texts = new Dictionary<(string, string), string>
    {
        [("ClusterRoleBinding", "Groups")] = "Groups in the clusterRoleBinding",
        [("ClusterRoleBinding", "Role")] = "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the "
            + "Authorizer must return an error. This field is immutable.",
        [("ClusterRoleBinding", "ServiceAccounts")] = "ServiceAccounts in the clusterRoleBinding",
        [("ClusterRoleBinding", "Users")] = "Users in the clusterRoleBinding",
        [("ConfigMap", "Data")] = "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values "
            + "with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the "
            + "keys in the BinaryData field, this is enforced during validation process.",
        [("ControllerRevision", "Controller")] = "Controller of the object",
        [("ControllerRevision", "Revision")] = "Revision indicates the revision of the state represented by Data.",
        [("APIService", "Service")] = "The reference to the service that hosts this API endpoint.",
        [("APIService", "Available")] = "Whether this service is available.",
        [("CronJob", "Active")] = "A list of pointers to currently running jobs.",
        [("CronJob", "Containers")] = "Names of each container in the template.",
        [("CronJob", "Images")] = "Images referenced by each container in the template.",
        [("CronJob", "Last Schedule")] = "Information when was the last time the job was successfully scheduled.",
        [("CronJob", "Schedule")] = "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.",
        [("CronJob", "Selector")] = "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        [("CronJob", "Suspend")] = "This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  "
            + "Defaults to false.",
        [("CronJob", "Timezone")] = "The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If "
            + "not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time "
            + "zone names and the time zone offset is loaded from the system-wide time zone database by the API server during "
            + "CronJob validation and the controller manager during execution. If no system-wide time zone database can be found "
            + "a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a "
            + "CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a "
            + "system event with the reason UnknownTimeZone. More information can be found in "
            + "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
        [("DaemonSet", "Available")] = "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and "
            + "available (ready for at least spec.minReadySeconds)",
        [("DaemonSet", "Containers")] = "Names of each container in the template.",
        [("DaemonSet", "Current")] = "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: "
            + "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
        [("DaemonSet", "Desired")] = "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon "
            + "pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
        [("DaemonSet", "Images")] = "Images referenced by each container in the template.",
        [("DaemonSet", "Node Selector")] = "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's "
            + "labels for the pod to be scheduled on that node. More info: "
            + "https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
        [("DaemonSet", "Ready")] = "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and ready.",
        [("DaemonSet", "Selector")] = "A label query over pods that are managed by the daemon set. Must match in order to be controlled. If empty, "
            + "defaulted to labels on Pod template. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        [("DaemonSet", "Up-to-date")] = "The total number of nodes that are running updated daemon pod",
        [("Deployment", "Available")] = "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.",
        [("Deployment", "Containers")] = "Names of each container in the template.",
        [("Deployment", "Images")] = "Images referenced by each container in the template.",
        [("Deployment", "Ready")] = "Number of the pod with ready state",
        [("Deployment", "Selector")] = "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this "
            + "deployment.",
        [("Deployment", "Up-to-date")] = "Total number of non-terminating pods targeted by this deployment that have the desired template spec.",
        [("EndpointSlice", "AddressType")] = "addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the "
            + "same type. This field is immutable after creation. The following address types are currently supported: * IPv4: "
            + "Represents an IPv4 Address. * IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name.",
        [("Endpoints", "Endpoints")] = "The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they "
            + "share. A single address with multiple ports, some of which are ready and some of which are not (because they come "
            + "from different containers) will result in the address being displayed in different subsets for the different "
            + "ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and "
            + "ports that comprise a service.",
        [("HorizontalPodAutoscaler", "Reference")] = "reference to scaled resource; horizontal pod autoscaler will learn the current resource consumption and will set "
            + "the desired number of pods by using its Scale subresource.",
        [("Ingress", "Address")] = "Address is a list containing ingress points for the load-balancer",
        [("Ingress", "Class")] = "The name of the IngressClass resource that should be used for additional configuration",
        [("Ingress", "Hosts")] = "Hosts that incoming requests are matched against before the ingress rule",
        [("Ingress", "Ports")] = "Ports of TLS configurations that open",
        [("IngressClass", "Controller")] = "Controller that is responsible for handling this class",
        [("IngressClass", "Parameters")] = "A reference to a resource with additional parameters",
        [("Job", "Completions")] = "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it "
            + "may decrease in reaction to scale down of elastic indexed jobs.",
        [("Job", "Containers")] = "Names of each container in the template.",
        [("Job", "Duration")] = "Time required to complete the job.",
        [("Job", "Images")] = "Images referenced by each container in the template.",
        [("Job", "Selector")] = "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        [("Job", "Status")] = "Status of the job.",
        [("Lease", "Holder")] = "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the "
            + "holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
        [("MutatingWebhookConfiguration", "Webhooks")] = "Webhooks indicates the number of webhooks registered in this configuration",
        [("Namespace", "Status")] = "The status of the namespace",
        [("NetworkPolicy", "Pod-Selector")] = "Selects the pods to which this NetworkPolicy object applies.  The array of ingress rules is applied to any pods "
            + "selected by this field. Multiple network policies can select the same set of pods.  In this case, the ingress "
            + "rules for each are combined additively. This field is NOT optional and follows standard label selector semantics. "
            + "An empty podSelector matches all pods in this namespace.",
        [("Node", "Container-Runtime")] = "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).",
        [("Node", "Kernel-Version")] = "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
        [("Node", "OS-Image")] = "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).",
        [("Node", "Roles")] = "The roles of the node",
        [("Node", "Status")] = "The status of the node",
        [("Node", "Version")] = "Kubelet Version reported by the node.",
        [("Pod", "IP")] = "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.",
        [("Pod", "Node")] = "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the "
            + "scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the "
            + "lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific "
            + "node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
        [("Pod", "Nominated Node")] = "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away "
            + "as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will "
            + "be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. "
            + "Scheduler may also decide to give the resources on this node to a higher priority pod that is created after "
            + "preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.",
        [("Pod", "Readiness Gates")] = "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are "
            + "ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: "
            + "https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates",
        [("Pod", "Ready")] = "The aggregate readiness state of this pod for accepting traffic.",
        [("Pod", "Restarts")] = "The number of times the containers in this pod have been restarted and when the last container in this pod has "
            + "restarted.",
        [("Pod", "Status")] = "The aggregate status of the containers in this pod.",
        [("PodDisruptionBudget", "Allowed Disruptions")] = "Calculated number of pods that may be disrupted at this moment. Calculated from the desired number of instances "
            + "and the desired number of healthy instances.",
        [("PodTemplate", "Containers")] = "Names of each container in the template.",
        [("PodTemplate", "Images")] = "Images referenced by each container in the template.",
        [("PodTemplate", "Pod Labels")] = "The labels for the pod template.",
        [("PriorityClass", "Global-Default")] = "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do "
            + "not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one "
            + "PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default "
            + "PriorityClasses will be used as the default priority.",
        [("PriorityClass", "PreemptionPolicy")] = "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. "
            + "Defaults to PreemptLowerPriority if unset.",
        [("PriorityClass", "Value")] = "value represents the integer value of this priority class. This is the actual priority that pods receive when they "
            + "have the name of this class in their pod spec.",
        [("ReplicaSet", "Containers")] = "Names of each container in the template.",
        [("ReplicaSet", "Current")] = "Replicas is the most recently observed number of non-terminating pods. More info: "
            + "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
        [("ReplicaSet", "Desired")] = "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. "
            + "Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
        [("ReplicaSet", "Images")] = "Images referenced by each container in the template.",
        [("ReplicaSet", "Ready")] = "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.",
        [("ReplicaSet", "Selector")] = "Selector is a label query over pods that should match the replica count. If the selector is empty, it is defaulted "
            + "to the labels present on the pod template. Label keys and values that must match in order to be controlled by this "
            + "replica set. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        [("ReplicationController", "Containers")] = "Names of each container in the template.",
        [("ReplicationController", "Images")] = "Images referenced by each container in the template.",
        [("ResourceClaim", "State")] = "A summary of the current state (allocated, pending, reserved, etc.).",
        [("ResourceQuota", "Limit")] = "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
        [("ResourceQuota", "Request")] = "Request represents a minimum amount of cpu/memory that a container may consume.",
        [("RoleBinding", "Groups")] = "Groups in the roleBinding",
        [("RoleBinding", "Role")] = "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef "
            + "cannot be resolved, the Authorizer must return an error.",
        [("RoleBinding", "ServiceAccounts")] = "ServiceAccounts in the roleBinding",
        [("RoleBinding", "Users")] = "Users in the roleBinding",
        [("RuntimeClass", "Handler")] = "handler specifies the underlying runtime and configuration that the CRI implementation will use to handle pods of "
            + "this class. The possible values are specific to the node & CRI configuration.  It is assumed that all handlers are "
            + "available on every node, and handlers of the same name are equivalent on every node. For example, a handler called "
            + "\"runc\" might specify that the runc OCI runtime (using native Linux containers) will be used to run the containers "
            + "in a pod. The Handler must be lowercase, conform to the DNS Label (RFC 1123) requirements, and is immutable.",
        [("Secret", "Data")] = "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized "
            + "form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value "
            + "here. Described in https://tools.ietf.org/html/rfc4648#section-4",
        [("Secret", "Type")] = "Used to facilitate programmatic handling of secret data. More info: "
            + "https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
        [("Service", "Cluster-IP")] = "clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified manually, "
            + "is in-range (as per system configuration), and is not in use, it will be allocated to the service; otherwise "
            + "creation of the service will fail. This field may not be changed through updates unless the type field is also "
            + "being changed to ExternalName (which requires this field to be blank) or the type field is being changed from "
            + "ExternalName (in which case this field may optionally be specified, as describe above).  Valid values are \"None\", "
            + "empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a \"headless service\" (no virtual IP), which "
            + "is useful when direct endpoint connections are preferred and proxying is not required.  Only applies to types "
            + "ClusterIP, NodePort, and LoadBalancer. If this field is specified when creating a Service of type ExternalName, "
            + "creation will fail. This field will be wiped when updating a Service to type ExternalName. More info: "
            + "https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
        [("Service", "External-IP")] = "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  "
            + "These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node with "
            + "this IP.  A common example is external load-balancers that are not part of the Kubernetes system.",
        [("Service", "Port(s)")] = "The list of ports that are exposed by this service. More info: "
            + "https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
        [("Service", "Selector")] = "Route service traffic to pods with label keys and values matching this selector. If empty or not present, the "
            + "service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only "
            + "applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: "
            + "https://kubernetes.io/docs/concepts/services-networking/service/",
        [("Service", "Type")] = "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, "
            + "NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to endpoints. "
            + "Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints "
            + "object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the endpoints are "
            + "published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and allocates a port on "
            + "every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds on NodePort and creates an "
            + "external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. "
            + "\"ExternalName\" aliases this service to the specified externalName. Several other fields do not apply to "
            + "ExternalName services. More info: "
            + "https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
        [("StatefulSet", "Containers")] = "Names of each container in the template.",
        [("StatefulSet", "Images")] = "Images referenced by each container in the template.",
        [("StatefulSet", "Ready")] = "Number of the pod with ready state",
        [("StorageClass", "AllowVolumeExpansion")] = "allowVolumeExpansion shows whether the storage class allow volume expand.",
        [("StorageClass", "Provisioner")] = "provisioner indicates the type of the provisioner.",
        [("StorageClass", "ReclaimPolicy")] = "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. "
            + "Defaults to Delete.",
        [("StorageClass", "VolumeBindingMode")] = "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, "
            + "VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.",
        [("ValidatingWebhookConfiguration", "Webhooks")] = "Webhooks indicates the number of webhooks registered in this configuration",
    }.ToFrozenDictionary();

    /// <summary>The description, or the empty string.</summary>
    public static string Find(string kind, string column) => column switch
    {
        "Name" => ColumnTexts.Name,
        "Age" or "Created At" => ColumnTexts.CreationTimestamp,
        _ => Texts.GetValueOrDefault((kind, column), ""),
    };
}
