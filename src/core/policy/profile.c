/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "profile.h"

/* An address and its port together: port 53 of the same addresses is DNS. */
#define EVERYWHERE             \
	"      iface: \"*\"\n" \
	"      filter: \"*\"\n"

static const char cloud_metadata[] =
	"# The metadata services of the clouds, on every interface, for every user.\n"
	"endpoints:\n"
	"  # AWS, Azure, GCP, OCI, DigitalOcean, Hetzner, OpenStack, Akamai\n"
	"  - imds:\n"
	"      range: [169.254.169.254, \"fd00:ec2::254\", \"fd00:a9fe:a9fe::1\"]\n"
	"      port: 80\n" EVERYWHERE "  - ecs-task:\n"
	"      range: 169.254.170.2\n"
	"      port: 80\n" EVERYWHERE "  # where the host's NAT sends ecs-task\n"
	"  - ecs-agent:\n"
	"      range: 127.0.0.1\n"
	"      port: tcp/51679\n" EVERYWHERE "  - eks-pod:\n"
	"      range: [169.254.170.23, \"fd00:ec2::23\"]\n"
	"      port: 80\n" EVERYWHERE "  - azure-wire:\n"
	"      range: 168.63.129.16\n"
	"      port: [80, 32526]\n" EVERYWHERE "  # where GKE's NAT sends imds\n"
	"  - gke:\n"
	"      range: 169.254.169.252\n"
	"      port: tcp/988\n" EVERYWHERE "  - alibaba:\n"
	"      range: 100.100.100.200\n"
	"      port: 80\n" EVERYWHERE "  - scaleway:\n"
	"      range: [169.254.42.42, \"fd00:42::42\"]\n"
	"      port: 80\n" EVERYWHERE;

/* It says which cloud it means: the host of a demo is in any. */
static const char demo[] = "endpoints:\n"
			   "  - imds:\n"
			   "      range: [169.254.169.254, \"fd00:ec2::254\"]\n"
			   "      cloud: aws\n"
			   "      port: 80\n" EVERYWHERE;

const struct profile profile_cloud_metadata = {"cloud-metadata", cloud_metadata};
const struct profile profile_demo = {"demo", demo};
