{{- define "kubeflex.labels" -}}
app.kubernetes.io/name: kubeflex-operator
app.kubernetes.io/part-of: kubeflex
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Fixed, whatever namespace the release is recorded in: control planes look for settings and database there. */}}
{{- define "kubeflex.namespace" -}}
kubeflex-system
{{- end }}

{{- define "kubeflex.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Only what is set, so that an upgraded operator brings its own defaults. */}}
{{- define "kubeflex.podsFlags" -}}
- --pods={{ .Values.pods.enabled }}
{{- if not .Values.storage.enabled }}
- --shared-storage=kine
{{- end }}
{{- $i := .Values.pods.images }}
{{- range $flag := list
  (list "kubernetes-version" .Values.pods.kubernetesVersion)
  (list "vcluster-kubernetes-version" .Values.pods.vclusterKubernetesVersion)
  (list "k3s-version" .Values.pods.k3sVersion)
  (list "kube-apiserver-image" $i.apiServer)
  (list "kube-controller-manager-image" $i.controllerManager)
  (list "vcluster-kubernetes-image" $i.vclusterKubernetes)
  (list "k3s-image" $i.k3s)
  (list "kine-image" $i.kine)
  (list "etcd-image" $i.etcd)
  (list "postgres-client-image" $i.postgresClient)
  (list "vcluster-image" $i.vcluster)
  (list "postgres-host" .Values.pods.postgresHost)
  (list "storage-class" .Values.pods.storageClass)
  (list "storage-size" .Values.pods.storageSize)
  (list "k3s-storage-size" .Values.pods.k3sStorageSize)
  (list "exposure" .Values.pods.exposure)
  (list "ingress-class" .Values.pods.ingressClass)
  (list "gateway" .Values.pods.gateway)
}}
{{- if index $flag 1 }}
- --{{ index $flag 0 }}={{ index $flag 1 }}
{{- end }}
{{- end }}
{{- end }}
